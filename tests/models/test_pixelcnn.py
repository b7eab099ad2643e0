"""PixelCNNs: cached drawing, completion, heads, labels; what all autoregressive models promise is tested over them."""

import itertools
import math

import pytest
import torch

from visus.data.canvas import Canvas
from visus.models.autoregressive import gated_pixelcnn, pixelcnn, pixelcnn_mixture
from visus.models.autoregressive._contract import AT_ONCE, pick
from visus.models.autoregressive._heads import Mixture, Softmax

GREY, COLOUR = Canvas(1, 6, 5, 2), Canvas(3, 4, 5, 8)
SMALL = {
    "pixelcnn": (pixelcnn, {"features": 12, "layers": 2, "kernel": 5, "hidden": 24}),
    "gated_pixelcnn": (gated_pixelcnn, {"features": 6, "layers": 3, "kernel": 3, "hidden": 24}),
    "pixelcnn_mixture": (pixelcnn_mixture, {"features": 6, "layers": 2, "kernel": 5, "hidden": 24, "parts": 3}),
}


def made(model, canvas, n_classes=0, **settings):
    """A network whose weights are far from their start, so that values depend on each other."""
    torch.manual_seed(0)
    module, small = SMALL[model]
    network = module.build(canvas, n_classes, **small, **settings).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network


def dice(seed=1):
    return torch.Generator().manual_seed(seed)


def some(canvas, n=3):
    return torch.randint(0, canvas.levels, (n, *canvas.image), generator=dice(), dtype=torch.uint8)


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("canvas", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("n_classes", [0, 4])
def test_cached_and_naive_walks_draw_the_same_pictures(model, canvas, n_classes):
    network, labels = made(model, canvas, n_classes), torch.arange(5) % 4 if n_classes else None
    drawn = network.sample(5, dice(), labels=labels)
    assert torch.equal(drawn, network.sample_naively(5, dice(), labels=labels))
    assert drawn.dtype == torch.uint8
    assert drawn.shape == (5, *canvas.image)
    assert len(drawn.unique()) > 1


@pytest.mark.parametrize("model", SMALL)
def test_a_walk_tells_the_probabilities_of_the_network(model):
    network, levels = made(model, COLOUR), some(COLOUR)
    with torch.no_grad():
        expected, walk = network.log_probabilities(levels), network.walk(3)
        for y, x, channel in itertools.product(range(4), range(5), range(3)):
            torch.testing.assert_close(walk.tell(), expected[:, :, channel, y, x], atol=1e-5, rtol=1e-5)
            walk.put(levels[:, channel, y, x])


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("mode", ["bfloat16", "train"])
def test_drawing_works_in_whatever_state_the_network_is(model, mode):
    network = made(model, COLOUR, dropout=0.1).train(mode == "train")
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mode == "bfloat16"):
        assert network.sample(2, dice()).max() < COLOUR.levels


def test_a_fresh_softmax_finds_every_level_about_as_likely():
    torch.manual_seed(0)
    network = gated_pixelcnn.build(COLOUR, features=12)
    nats = network.nats(some(COLOUR))
    assert nats.tolist() == pytest.approx([COLOUR.values * math.log(8)] * 3, rel=0.02)
    assert network.head.blind == pytest.approx(COLOUR.values * math.log(8))


def test_a_fresh_mixture_gives_no_byte_less_than_a_thousandth_of_its_share():
    torch.manual_seed(0)
    network = pixelcnn_mixture.build(Canvas(3, 4, 4), features=8, layers=2)
    found = network.log_probabilities(some(Canvas(3, 4, 4)))
    assert found.min() > math.log(1 / 256 / 1000)


@pytest.mark.parametrize("levels", [2, 256])
def test_the_chances_of_all_levels_sum_to_one_for_a_mixture(levels):
    network = made("pixelcnn_mixture", Canvas(3, 3, 2, levels)).double()
    found = network.log_probabilities(some(network.canvas, 2))
    torch.testing.assert_close(found.exp().sum(1), torch.ones(2, 3, 3, 2, dtype=torch.float64))


def test_colours_of_a_mixture_depend_on_each_other():
    network = made("pixelcnn_mixture", COLOUR)
    levels = some(COLOUR, 1)
    changed = levels.clone()
    changed[:, 0, 0, 0] = 7 - changed[:, 0, 0, 0]
    one, other = network.log_probabilities(levels), network.log_probabilities(changed)
    assert torch.equal(one[:, :, 0, 0, 0], other[:, :, 0, 0, 0])  # red does not see itself
    assert not torch.allclose(one[:, :, 1, 0, 0], other[:, :, 1, 0, 0])
    assert not torch.allclose(one[:, :, 2, 0, 0], other[:, :, 2, 0, 0])


def test_the_nats_of_a_mixture_are_those_of_whole_pixels():
    """log sum_k w_k p_k(red) p_k(green | red), by hand for one pixel of two parts whose colours stand alone."""
    canvas = Canvas(3, 1, 1, 4)
    head, levels = Mixture(canvas, 2), torch.tensor([3, 1, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    numbers = torch.zeros(1, head.width, 1, 1, dtype=torch.float64)
    rows = numbers.view(10, 2)
    rows[0] = torch.tensor([0.0, 1.0])
    rows[1:4] = torch.tensor([[0.5, -0.5], [0.0, 0.3], [-1.0, 1.0]])

    def mass(level, mean):  # scale 1, bins of 2/3
        middle = 2 * level / 3 - 1
        below = 0.0 if level == 0 else 1 / (1 + math.exp(-(middle - 1 / 3 - mean)))
        return (1.0 if level == 3 else 1 / (1 + math.exp(-(middle + 1 / 3 - mean)))) - below

    weights = [1 / (1 + math.e), math.e / (1 + math.e)]
    means = rows[1:4].T.tolist()
    parts = [math.prod(mass(level, m) for level, m in zip((3, 1, 0), of, strict=True)) for of in means]
    expected = -math.log(sum(w * p for w, p in zip(weights, parts, strict=True)))
    assert float(head.surprises(numbers, levels).sum()) == pytest.approx(expected)


@pytest.mark.parametrize("model", SMALL)
def test_what_is_known_stays_and_the_rest_is_drawn_given_it(model):
    network, canvas = made(model, COLOUR), COLOUR
    levels, known = some(canvas), torch.zeros(4, 5, dtype=torch.bool)
    known[:2], known[3, 1] = True, True
    done = network.complete(levels, known, dice())
    assert torch.equal(done[:, :, known], levels[:, :, known])
    assert torch.equal(done, network.complete(levels * known, known, dice()))  # what is not known is not looked at
    assert torch.equal(network.complete(levels, torch.ones_like(known), dice()), levels)


def test_pictures_more_than_are_drawn_together_come_in_pieces_that_are_counted():
    network, told = made("pixelcnn", Canvas(1, 2, 2, 2)), []
    n = AT_ONCE + 4
    assert len(network.sample(n, dice(), progress=lambda *done: told.append(done))) == n
    assert told[-1] == (2 * n, 2 * n)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_less_temperature_draws_what_is_likelier():
    network = made("gated_pixelcnn", GREY)
    found = [network.nats(network.sample(64, dice(), temperature=t)).mean().item() for t in (0.2, 1.0, 5.0)]
    assert found == sorted(found)
    assert torch.equal(*(network.sample(3, dice(seed), temperature=1e-4) for seed in (1, 2)))  # the likeliest alone


def test_a_number_picks_the_level_that_it_falls_on():
    scores = torch.tensor([0.2, 0.5, 0.3]).log().expand(5, 3)
    assert pick(scores, torch.tensor([0.0, 0.19, 0.21, 0.69, 0.9999999])).tolist() == [0, 0, 1, 1, 2]


def test_a_label_changes_what_is_likely():
    network, levels = made("gated_pixelcnn", GREY, 3), some(GREY)
    one, other = (network.log_likelihood(levels, torch.full((3,), k), dice=dice()) for k in (0, 2))
    assert not torch.allclose(one, other)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda net: net.sample(0, dice()), "at least 1 picture"),
        (lambda net: net.sample(2, dice(), temperature=0.0), "temperature must be above 0"),
        (lambda net: net.sample(2, dice(), labels=torch.zeros(2).long()), "trained without classes"),
        (lambda net: net.log_likelihood(some(COLOUR), dice=dice()), "the model draws 6 x 5 grey pictures"),
        (lambda net: net.complete(some(GREY), torch.ones(6, 4, dtype=torch.bool), dice()), r"bool \(6, 5\)"),
        (lambda net: net.complete(some(GREY), torch.ones(6, 5), dice()), "known pixels are bool"),
    ],
    ids=["none", "cold", "labels", "colour", "mask of another size", "mask of floats"],
)
def test_what_cannot_be_is_one_sentence(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong(made("pixelcnn", GREY))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kernel": 4}, "odd and at least 3; got 4"),
        ({"layers": 0}, "layers must be at least 1"),
        ({"hidden": -1}, "hidden"),
    ],
    ids=["even window", "no layers", "no features"],
)
@pytest.mark.parametrize("model", SMALL)
def test_settings_that_cannot_be_are_refused(model, settings, said):
    module, small = SMALL[model]
    with pytest.raises(ValueError, match=said):
        module.build(GREY, **{**small, **settings})


def test_heads_tell_how_many_numbers_they_read():
    assert Softmax(Canvas(3, 2, 2, 256)).width == 768
    assert Mixture(Canvas(3, 2, 2, 256), 10).width == 100
    assert Mixture(Canvas(1, 2, 2, 256), 10).width == 30
