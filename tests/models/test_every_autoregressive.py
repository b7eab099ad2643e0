"""Promises every autoregressive model keeps. A new file in the folder is tested without being mentioned."""

import copy
import inspect
import itertools
import math

import pytest
import torch

from visus.data.canvas import Canvas
from visus.engine import catalogue
from visus.models import autoregressive
from visus.models.autoregressive._contract import Naive
from visus.models.autoregressive.diagonal_bilstm import skewed, straight
from visus.models.generative import Completing, Generative, Likelihood

NAMES = catalogue.names(autoregressive)
every_model = pytest.mark.parametrize("name", NAMES)
SMALL = {"features": 12, "layers": 2, "hidden": 24, "kernel": 3, "parts": 2, "scales": 2, "blocks": 1}
GREY, COLOUR = Canvas(1, 4, 5, levels=4), Canvas(3, 3, 4, levels=3)
ODD = [Canvas(1, 1, 1, 2), Canvas(1, 5, 1, 2), Canvas(3, 1, 4, 2), Canvas(1, 3, 8, 256), Canvas(3, 4, 3, 2)]
on_both = pytest.mark.parametrize("canvas", [GREY, COLOUR], ids=["grey", "colour"])


def fresh(name, canvas=GREY, n_classes=0, **settings):
    """A small model as it starts, in float64."""
    torch.manual_seed(0)
    build = catalogue.find(autoregressive, name).build
    known = inspect.signature(build).parameters
    small = {setting: value for setting, value in SMALL.items() if setting in known}
    return build(canvas, n_classes, **{**small, **settings}).double().eval()


def opinionated(*args, **settings):
    """The same with weights that have learned something, whatever it is: every probability is one of its own."""
    model = fresh(*args, **settings)
    with torch.no_grad():
        for values in model.parameters():
            values += torch.randn_like(values) * max(0.2, values[0].numel() ** -0.5 if values.ndim > 1 else 0.3)
    return model


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(canvas, n=3, seed=1):
    return torch.randint(0, canvas.levels, (n, *canvas.image), generator=dice(seed)).to(torch.uint8)


def given(n_classes, n):
    return torch.arange(n) % n_classes if n_classes else None


def every_picture(canvas):
    """All that can be drawn on a small canvas, (levels ** values, C, H, W)."""
    rows = list(itertools.product(range(canvas.levels), repeat=canvas.values))
    return torch.tensor(rows, dtype=torch.uint8).view(-1, *canvas.image)


def in_order(maps):
    """(..., C, H, W) -> (..., D) in the order of drawing: row by row, red, green, blue within a pixel."""
    return maps.movedim(-3, -1).flatten(-3)


def reach(model):
    """Which values tell which: bool (D, D), true where value i's probabilities have a gradient by value j."""
    canvas, D = model.canvas, model.canvas.values
    found = torch.zeros(D, D, dtype=torch.bool)
    for seed in range(3):  # a gradient may be 0 by chance, behind a unit that is off
        levels = pictures(canvas, 1, seed).double().expand(D, -1, -1, -1).clone().requires_grad_()
        weights = torch.randn(canvas.levels, generator=dice(seed)).double()
        told = in_order(torch.einsum("blchw,l->bchw", model.log_probabilities(levels), weights))
        (by,) = torch.autograd.grad(told.diagonal().sum(), levels)
        found |= in_order(by) != 0
    return found


# ---- causality


@every_model
@on_both
def test_no_value_depends_on_itself_or_a_later_one(name, canvas):
    assert not reach(opinionated(name, canvas)).triu().any()


@every_model
@on_both
def test_no_change_of_a_later_value_moves_an_earlier_one(name, canvas):
    model, levels = opinionated(name, canvas), pictures(canvas, 1)
    with torch.no_grad():
        before = in_order(model.log_probabilities(levels))
        for place in range(0, canvas.values, 2):
            later = torch.arange(canvas.values) >= place
            flat = in_order(levels).clone()
            flat[:, later] = (flat[:, later] + 1) % canvas.levels
            changed = flat.view(1, *canvas.image[1:], canvas.channels).movedim(-1, 1)
            after = in_order(model.log_probabilities(changed))
            assert (after - before)[..., : place + 1].abs().max() < 1e-9


@every_model
@on_both
def test_the_neighbours_before_it_and_the_colours_before_its_own_tell_a_value(name, canvas):
    seen, C, W = reach(opinionated(name, canvas)), canvas.channels, canvas.width
    for place in range(canvas.values):
        pixel, colour = divmod(place, C)
        told_by = [pixel * C + before for before in range(colour)]
        told_by += [(pixel - 1) * C + c for c in range(C) if pixel % W]
        told_by += [(pixel - W) * C + c for c in range(C) if pixel >= W]
        assert seen[place, told_by].all()


def seen_from_the_last_row(name, **settings):
    """Which pixels of a 4 x 7 canvas tell the one in the middle of its last row: bool (4, 7)."""
    canvas = Canvas(1, 4, 7, levels=2)
    return reach(opinionated(name, canvas, **settings))[3 * 7 + 3].view(4, 7)


# x: seen, .: before it, and yet not seen. A step of a masked 3 x 3 stack goes up and one to the right at most.
BLIND_SPOT = "xxxxxxx xxxxxx. xxxxx.. xxx...."
NO_BLIND_SPOT = "xxxxxxx xxxxxxx xxxxxxx xxx...."
# Its right sweep ends at the last place of a row, which does not know its own pixel: only the first window sees that.
LAST_UNSEEN = "xxxxxxx xxxxxxx xxxxxx. xxx...."
SEEN = [
    ("pixelcnn", {"layers": 6}, BLIND_SPOT),
    ("row_lstm", {"layers": 3}, BLIND_SPOT),
    ("gated_pixelcnn", {"layers": 6}, NO_BLIND_SPOT),
    ("diagonal_bilstm", {"layers": 1, "kernel": 7}, NO_BLIND_SPOT),
    ("diagonal_bilstm", {"layers": 2, "kernel": 3}, LAST_UNSEEN),
]


@pytest.mark.parametrize(
    ("name", "settings", "expected"), SEEN, ids=[f"{name}-{number}" for number, (name, *_) in enumerate(SEEN)]
)
def test_a_blind_spot_is_there_and_only_there_where_the_literature_says(name, settings, expected):
    rows = ["".join("x" if seen else "." for seen in row) for row in seen_from_the_last_row(name, **settings)]
    assert " ".join(rows) == expected


# ---- probabilities


@every_model
@on_both
def test_probabilities_of_a_value_sum_to_one(name, canvas):
    with torch.no_grad():
        total = opinionated(name, canvas).log_probabilities(pictures(canvas)).logsumexp(1)
    assert total.abs().max() < 1e-9


@every_model
@on_both
@pytest.mark.parametrize("n_classes", [0, 3])
def test_the_likelihood_is_the_product_of_what_was_told_value_by_value(name, canvas, n_classes):
    model, levels, labels = opinionated(name, canvas, n_classes), pictures(canvas), given(n_classes, 3)
    with torch.no_grad():
        told = model.log_probabilities(levels, labels).gather(1, levels[:, None].long()).flatten(1).sum(1)
        found = model.log_likelihood(levels, labels, dice=dice())
    torch.testing.assert_close(found, told, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(model.nats(levels, labels).detach(), -told, rtol=1e-9, atol=1e-9)
    assert (found <= 0).all()
    assert model.exact


@every_model
@pytest.mark.parametrize(
    "canvas", [Canvas(1, 2, 2, 2), Canvas(1, 3, 3, 2), Canvas(1, 2, 2, 4), Canvas(3, 2, 1, 2)], ids=str
)
def test_likelihoods_of_all_pictures_that_there_are_sum_to_one(name, canvas):
    with torch.no_grad():
        nats = opinionated(name, canvas).log_likelihood(every_picture(canvas), dice=dice())
    assert nats.exp().sum() == pytest.approx(1, abs=1e-9)
    assert nats.std() > 0.1  # and are not all the same


@every_model
@on_both
def test_starts_without_an_opinion(name, canvas):
    model = fresh(name, canvas)
    if model.head.blind is not None:
        assert model.nats(pictures(canvas)).mean().item() == pytest.approx(model.head.blind, rel=0.02)
        assert model.head.blind == pytest.approx(canvas.values * math.log(canvas.levels))


# ---- drawing


@every_model
@on_both
@pytest.mark.parametrize("n_classes", [0, 2])
def test_what_was_kept_tells_what_the_whole_picture_would(name, canvas, n_classes):
    """The walk with cached activations against one look at the whole picture, value by value."""
    model, levels, labels = opinionated(name, canvas, n_classes), pictures(canvas, 2), given(n_classes, 2)
    with torch.no_grad():
        expected, walk = in_order(model.log_probabilities(levels, labels)), model.walk(2, labels)
        assert not isinstance(walk, Naive)
        for place, values in enumerate(in_order(levels).T):
            torch.testing.assert_close(walk.tell().double(), expected[:, :, place], rtol=1e-5, atol=1e-5)
            walk.put(values)


@every_model
@pytest.mark.parametrize("canvas", [GREY, COLOUR, *ODD], ids=str)
def test_draws_the_same_pictures_with_and_without_keeping_anything(name, canvas):
    model = opinionated(name, canvas).float()
    drawn = model.sample(3, dice(5))
    assert drawn.dtype == torch.uint8
    assert drawn.shape == (3, *canvas.image)
    assert int(drawn.max()) < canvas.levels
    assert torch.equal(drawn, model.sample_naively(3, dice(5)))


@every_model
def test_the_same_dice_draw_the_same_and_others_something_else(name):
    model = opinionated(name)
    first = model.sample(4, dice(2))
    torch.rand(7)  # nothing else is asked for luck
    assert torch.equal(model.sample(4, dice(2)), first)
    assert not torch.equal(model.sample(4, dice(3)), first)


@every_model
def test_draws_as_often_as_it_says(name):
    """Frequencies of all 16 pictures of 2 x 2, against their probabilities: a chi-squared of 15 degrees of freedom."""
    canvas, n = Canvas(1, 2, 2, 2), 3000
    model = opinionated(name, canvas)
    with torch.no_grad():
        expected = n * model.log_likelihood(every_picture(canvas), dice=dice()).exp()
    number = (model.sample(n, dice(4)).flatten(1).long() * torch.tensor([8, 4, 2, 1])).sum(1)
    found = torch.bincount(number, minlength=16)
    assert ((found - expected) ** 2 / expected).sum() < 45  # one in ten thousand is above


@every_model
def test_temperature_sharpens_what_is_drawn(name):
    canvas, n = Canvas(1, 1, 1, 4), 2000
    model = opinionated(name, canvas)
    with torch.no_grad():
        told = model.log_probabilities(torch.zeros(1, 1, 1, 1, dtype=torch.uint8))[0, :, 0, 0, 0]
    for temperature in (0.5, 2.0):
        expected = (told / temperature).softmax(0)
        found = torch.bincount(model.sample(n, dice(6), temperature=temperature).flatten(), minlength=4) / n
        assert ((found - expected) ** 2 * n / expected.clamp_min(1e-3)).sum() < 30
    coldest = model.sample(50, dice(), temperature=1e-6)
    assert (coldest == told.argmax()).all()


@every_model
@on_both
def test_completion_keeps_what_is_known_and_draws_the_rest(name, canvas):
    model, levels = opinionated(name, canvas), pictures(canvas, 40)
    known = torch.zeros(canvas.image[1:], dtype=torch.bool)
    known[: canvas.height // 2], known[-1, -1] = True, True
    done = []
    completed = model.complete(levels, known, dice(), progress=lambda now, of_all: done.append((now, of_all)))
    assert torch.equal(completed[:, :, known], levels[:, :, known])
    assert not torch.equal(completed, levels)
    assert done == sorted(done)
    assert done[-1][0] == done[-1][1]
    assert torch.equal(model.complete(levels, torch.ones_like(known), dice()), levels)
    nothing = model.complete(levels, torch.zeros_like(known), dice(3))
    assert torch.equal(nothing, model.sample(40, dice(3)))


@every_model
def test_completion_goes_on_from_what_is_known(name):
    """The share of each last value of a 1 x 3 canvas, against the model's own word on it."""
    model, n = opinionated(name, Canvas(1, 1, 3, 2)), 1500
    levels = torch.tensor([1, 0, 0], dtype=torch.uint8).view(1, 1, 1, 3)
    with torch.no_grad():
        expected = model.log_probabilities(levels)[0, 1, 0, 0, 2].exp().item()
    completed = model.complete(levels.expand(n, -1, -1, -1), torch.tensor([[True, True, False]]), dice())
    assert completed[..., 2].float().mean().item() == pytest.approx(expected, abs=4 * 0.5 / n**0.5)


# ---- classes


@every_model
@on_both
def test_a_class_changes_what_is_told_and_without_classes_none_is_asked_for(name, canvas):
    model, levels = opinionated(name, canvas, 3), pictures(canvas, 1)
    with torch.no_grad():
        first, second = (model.log_likelihood(levels, torch.tensor([label]), dice=dice()) for label in (0, 2))
    assert first != second
    assert not torch.equal(
        model.sample(8, dice(), labels=torch.zeros(8, dtype=torch.long)),
        model.sample(8, dice(), labels=torch.ones(8, dtype=torch.long)),
    )
    with pytest.raises(ValueError, match="give labels"):
        model.sample(2, dice())
    with pytest.raises(ValueError, match="between 0 and 2"):
        model.log_likelihood(levels, torch.tensor([3]), dice=dice())
    with pytest.raises(ValueError, match="trained without classes"):
        fresh(name, canvas).sample(1, dice(), labels=torch.zeros(1, dtype=torch.long))


# ---- a network like any other


@every_model
def test_offers_what_generative_models_offer(name):
    model = fresh(name)
    assert isinstance(model, Generative)
    assert isinstance(model, Likelihood)
    assert isinstance(model, Completing)


@every_model
@on_both
def test_every_parameter_receives_a_gradient(name, canvas):
    model = opinionated(name, canvas, 2)
    model.nats(pictures(canvas, 4), given(2, 4)).sum().backward()
    assert not [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()]


@every_model
def test_each_picture_is_told_alone(name):
    model, levels = opinionated(name), pictures(GREY, 4)
    with torch.no_grad():
        torch.testing.assert_close(model.nats(levels)[2:3], model.nats(levels[2:3]))


@every_model
@on_both
def test_state_and_copies_tell_alike(name, canvas):
    model, twin, levels = opinionated(name, canvas), fresh(name, canvas), pictures(canvas)
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(twin.nats(levels), model.nats(levels))
        assert torch.equal(copy.deepcopy(model).nats(levels), model.nats(levels))


@every_model
def test_bfloat16_leaves_the_nats_nearly_as_they_are_and_in_float32(name):
    model, levels = opinionated(name).float(), pictures(GREY)
    with torch.no_grad():
        exact = model.nats(levels)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = model.nats(levels)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0.1, atol=0.5)


@every_model
def test_learns(name):
    """Two pictures as likely as each other and no other: a dozen steps take half of the surprise away."""
    canvas = Canvas(1, 3, 3, levels=2)
    board = (torch.arange(3)[:, None] + torch.arange(3)) % 2
    levels = torch.stack([board, 1 - board])[:, None].to(torch.uint8)
    model = fresh(name, canvas).float().train()
    descent = torch.optim.Adam(model.parameters(), 0.03)
    losses = []
    for _ in range(12):
        loss = model.nats(levels).mean()
        losses.append(loss.item())
        descent.zero_grad()
        loss.backward()
        descent.step()
    assert min(losses[-3:]) < 0.5 * losses[0]


# ---- bad input


@every_model
def test_says_in_one_sentence_what_cannot_be(name):
    model, levels = fresh(name), pictures(GREY)
    known = torch.ones(GREY.image[1:], dtype=torch.bool)
    with pytest.raises(ValueError, match="at least 1 picture is to be made; got 0"):
        model.sample(0, dice())
    with pytest.raises(ValueError, match="temperature must be above 0; got 0"):
        model.sample(1, dice(), temperature=0.0)
    with pytest.raises(ValueError, match=r"came as \(3, 3, 3, 4\), and the model draws 4 x 5 grey pictures"):
        model.log_likelihood(pictures(COLOUR), dice=dice())
    with pytest.raises(ValueError, match=r"came as \(3, 1, 2, 5\)"):
        model.complete(levels[:, :, :2], known, dice())
    with pytest.raises(ValueError, match=r"known .*\(4, 5\)"):
        model.complete(levels, known[:2], dice())


@every_model
@pytest.mark.parametrize("setting", ["features", "layers", "hidden", "parts", "scales", "blocks"])
def test_refuses_settings_that_leave_nothing(name, setting):
    if setting in inspect.signature(catalogue.find(autoregressive, name).build).parameters:
        with pytest.raises(ValueError, match=f"{setting} .*at least 1|at least 1 part"):
            fresh(name, COLOUR, **{setting: 0})


@every_model
def test_a_window_has_a_middle(name):
    for kernel in (1, 4):
        with pytest.raises(ValueError, match=f"odd and at least 3; got {kernel}"):
            fresh(name, kernel=kernel)


# ---- the diagonal's own geometry


def test_skewing_turns_diagonals_into_columns_and_back():
    maps = torch.arange(12.0).view(1, 1, 3, 4)
    expected = [[0, 1, 2, 3, 0, 0], [0, 4, 5, 6, 7, 0], [0, 0, 8, 9, 10, 11]]
    assert skewed(maps)[0, 0].tolist() == expected
    for shape in ((2, 3, 3, 4), (1, 2, 5, 2), (1, 1, 1, 6), (1, 1, 6, 1)):
        maps = torch.randn(shape)
        assert torch.equal(straight(skewed(maps)), maps)
