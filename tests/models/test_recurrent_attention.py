"""Recurrent attention: what a glimpse sees, how places are drawn, and that draws are taught by right and wrong."""

import math

import pytest
import torch
from torch.nn import functional as F

from visus.models.classifiers import recurrent_attention
from visus.models.classifiers.recurrent_attention import Retina


def network(image=(1, 12, 12), n_classes=3, **settings):
    torch.manual_seed(0)
    return recurrent_attention.build(image, n_classes, **{"window": 4, "hidden": 16, "glimpses": 3, **settings})


def patch_by_hand(picture, centre, side, width):
    """Mean of each of side x side blocks of a patch `width` pixels wide around `centre`; beyond the picture lies 0."""
    block, found = width // side, torch.zeros(picture.shape[0], side, side)
    for row in range(side):
        for column in range(side):
            for y in range(block):
                for x in range(block):
                    down = centre[0] - width // 2 + row * block + y
                    right = centre[1] - width // 2 + column * block + x
                    if 0 <= down < picture.shape[1] and 0 <= right < picture.shape[2]:
                        found[:, row, column] += picture[:, down, right] / block**2
    return found


@pytest.mark.parametrize("side", [3, 4])
def test_a_glimpse_is_what_a_loop_over_pixels_sees(side):
    images = torch.randn(2, 2, 7, 9)
    centres = torch.tensor([[[0, 0], [4, 5]], [[7, 9], [6, 0]]])  # corners and edges among them
    retina = Retina(side, scales=3)
    seen = retina(retina.sums(images), centres).float()
    assert seen.shape == (2, 2, 3 * 2 * side**2)
    for i in range(2):
        for m in range(2):
            expected = [patch_by_hand(images[i], centres[i, m].tolist(), side, side * 2**s).flatten() for s in range(3)]
            torch.testing.assert_close(seen[i, m], torch.cat(expected))


def test_the_effort_of_a_glimpse_does_not_grow_with_the_picture():
    sizes = {sum(p.numel() for p in network((1, side, side)).parameters()) for side in (8, 64, 200)}
    assert len(sizes) == 1


def test_places_are_whole_pixels_within_the_picture_however_far_draws_go():
    model = network(deviation=5.0).train()
    places = model.look(torch.randn(50, 1, 12, 12)).places
    assert places.shape == (50, 1, 3, 2)
    assert places.abs().max() == 1
    pixels = (places + 1) / 2 * 12
    torch.testing.assert_close(pixels, pixels.round(), atol=1e-4, rtol=0)


def test_training_draws_anew_and_answers_do_not():
    model, images = network(), torch.randn(6, 1, 12, 12)
    assert not torch.equal(model.train()(images), model(images))
    answer = model.eval()(images)
    torch.manual_seed(99)
    assert torch.equal(answer, model(images))
    torch.testing.assert_close(answer.exp().sum(1), torch.ones(6))  # of mean chances the logarithms are scores


def test_an_answer_is_the_mean_of_its_courses():
    model, images = network(looks=5).eval(), torch.randn(4, 1, 12, 12)
    course = model.look(images)
    assert course.scores.shape == (4, 5, 3)
    assert course.chances.shape == course.expected.shape == (4, 5, 2)
    torch.testing.assert_close(model(images), course.scores.softmax(2).mean(1).log())


def test_right_and_wrong_teach_where_to_look_and_the_answer_teaches_all_else():
    model, images, labels = network().train(), torch.randn(8, 1, 12, 12), torch.arange(8) % 3
    with model.watched() as courses:
        loss = F.cross_entropy(model(images), labels)
    terms = model.taught(courses[0], torch.arange(8) < 4)
    reached = {}
    for name, term in {"answer": loss, **terms}.items():
        grads = torch.autograd.grad(term, list(model.parameters()), retain_graph=True, allow_unused=True)
        named = zip((n for n, _ in model.named_parameters()), grads, strict=True)
        reached[name] = {n.split(".")[0] for n, grad in named if grad is not None and grad.abs().sum() > 0}
    assert reached == {
        "answer": {"see", "place", "join", "core", "decide"},
        "reinforce": {"locate"},
        "baseline": {"expect"},
    }


def test_the_policy_term_descends_the_chance_to_be_wrong():
    """One draw, right if it falls right of the middle: the mean of estimates against the slope of a normal's area."""
    model, deviation, mean = network(glimpses=2, deviation=0.25).train(), 0.25, torch.tensor([0.1, -0.2])
    torch.nn.init.zeros_(model.locate.weight)
    model.locate.bias.data = mean.atanh()
    course = model.look(torch.zeros(20_000, 1, 12, 12))
    right = course.places[:, 0, 1, 1] > 0
    (found,) = torch.autograd.grad(model.taught(course, right)["reinforce"], model.locate.bias)
    edge = 1 / 12  # half a pixel right of the middle: what falls short of it is rounded to the middle
    z = float(edge - mean[1]) / deviation
    slope = -math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) / deviation  # of P(place < edge) by the mean
    by_bias = 1 - mean**2  # the mean is the tanh of the bias
    assert float(found[1] / by_bias[1]) == pytest.approx(slope, rel=0.06)
    assert float(found[0] / by_bias[0]) == pytest.approx(0, abs=0.06)  # how far down it looks does not matter


def test_the_baseline_leaves_the_mean_estimate_and_takes_its_variance():
    model = network(glimpses=2).train()
    estimates = {0.0: [], 0.9: []}
    for _ in range(200):
        course = model.look(torch.zeros(16, 1, 12, 12))
        right = torch.rand(16) < 0.9  # whatever was drawn: the true gradient is 0
        for expected, found in estimates.items():
            told = recurrent_attention.Course(
                course.scores, course.places, course.chances, torch.full_like(course.expected, expected)
            )
            (slope,) = torch.autograd.grad(model.taught(told, right)["reinforce"], model.locate.bias, retain_graph=True)
            found.append(slope)
    without, with_baseline = (torch.stack(found) for found in estimates.values())
    assert with_baseline.var(0).sum() < 0.3 * without.var(0).sum()
    assert with_baseline.mean(0).abs().max() < 4 * with_baseline.std(0).max() / 200**0.5


def test_a_single_glimpse_is_never_aimed():
    model = network(glimpses=1).train()
    with model.watched() as courses:
        assert model(torch.randn(2, 1, 12, 12)).shape == (2, 3)
    assert model.taught(courses[0], torch.tensor([True, False])) == {}


def test_only_what_is_watched_is_kept():
    model, images = network().eval(), torch.randn(2, 1, 12, 12)
    with model.watched() as outer:
        model(images)
        with model.watched() as inner:
            model(images)
        model(images)
    model(images)
    assert (len(outer), len(inner)) == (2, 1)


@pytest.mark.parametrize("core", ["rectifier", "lstm"])
def test_either_core_remembers_what_was_seen_before(core):
    model = network(core=core).eval()
    images = torch.randn(1, 1, 12, 12).requires_grad_()
    model.look(images).scores[0, 0].square().sum().backward()
    corner = torch.round((model.draws[0, 0] + 1) / 2 * 12).long() - 2  # of the first glimpse of the first course
    down, right = (int(c.clamp(0, 11)) for c in corner)
    assert images.grad[0, 0, down : down + 2, right : right + 2].abs().sum() > 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"glimpses": 0}, "glimpses must be at least 1; got 0"),
        ({"window": 0}, "window must be at least 1; got 0"),
        ({"scales": -1}, "scales must be at least 1; got -1"),
        ({"looks": 0}, "looks must be at least 1; got 0"),
        ({"deviation": 0.0}, "deviation must be above 0, for example 0.1"),
        ({"core": "gru"}, "core must be one of rectifier, lstm; got 'gru'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        network(**settings)
