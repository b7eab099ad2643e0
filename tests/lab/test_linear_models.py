"""What the experiments on linear models measure, against what must be so."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from visus.lab import bins, blind_search, linear_failures, single_neuron, straight_line, templates


def test_every_way_down_ends_near_least_squares():
    x, y = straight_line.examples(100, 0.3, 0)
    theirs = LinearRegression().fit(x[:, :1], y)
    for size, passes in ((0, 2000), (10, 300), (1, 100)):
        path, looked = straight_line.descend(x, y, size, 0.1 if size == 0 else 0.02, passes, 0)
        assert path[-1] == pytest.approx([theirs.coef_[0], theirs.intercept_], abs=0.06)
        assert looked[-1] == 100 * passes
        assert len(path) == 1 + passes * (100 // (size or 100))


def test_batch_descent_is_ten_lines_of_numpy():
    x, y = straight_line.examples(20, 0.3, 0)
    slope = height = 0.0
    for _ in range(5):
        errors = [slope * px + height - py for (px, _), py in zip(x.tolist(), y.tolist(), strict=True)]
        pulls = [e * px for e, (px, _) in zip(errors, x.tolist(), strict=True)]
        slope, height = slope - 0.1 * sum(pulls) / 20, height - 0.1 * sum(errors) / 20
    path, _ = straight_line.descend(x, y, 0, 0.1, 5, 0)
    assert path[-1] == pytest.approx([slope, height])


def test_without_examples_a_neuron_forgets_at_the_rate_of_the_formula():
    found = single_neuron.run(steps=50).data
    assert found["forgotten"] == pytest.approx(found["learned"] * (1 - 0.3 * 0.02) ** 50, rel=1e-9)


@pytest.mark.parametrize("kind", ["softmax", "SVM"])
def test_one_score_is_two_classes(kind):
    dice = torch.Generator().manual_seed(0)
    scores = torch.randn(50, generator=dice, dtype=torch.float64)
    truth = (torch.rand(50, generator=dice) > 0.5).double()
    assert single_neuron._apart(scores, truth, kind) < 1e-12


@pytest.mark.parametrize("kind", ["softmax", "SVM"])
def test_the_neurons_slope_is_its_losss_gradient(kind):
    scores = torch.linspace(-2, 2.1, 8, dtype=torch.float64, requires_grad=True)
    truth = torch.tensor([0, 1] * 4).double()
    losses = {"softmax": single_neuron.attribute_logistic, "SVM": single_neuron.attribute_hinge}
    targets = {"softmax": truth, "SVM": 2 * truth - 1}
    losses[kind](scores[:, None], targets[kind][:, None]).backward()
    assert torch.allclose(single_neuron._slope(scores.detach(), truth, kind), 8 * scores.grad)


def test_a_line_fails_where_a_net_does_not_and_neither_fails_on_blobs():
    found = linear_failures.run(n=120, steps=300).data["accuracy"]
    assert found["blobs"]["linear"] > 0.9
    for name in ("parity", "ring"):
        assert found[name]["linear"] < 0.75 < 0.9 < found[name]["net"]


def test_searches_never_get_worse_and_the_gradient_gets_furthest():
    x = torch.randn(60, 6, generator=torch.Generator().manual_seed(0)) * 50
    y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
    ways = {
        "guess": blind_search.guess(x, y, 3, 300, 0),
        "wander": blind_search.wander(x, y, 3, 300, 0),
        "follow": blind_search.follow(x, y, 3, 300, 1.0 / float(x.square().sum(1).mean()), 0),
    }
    lowest = {}
    for name, way in ways.items():
        looked, losses, weights = zip(*way, strict=True)
        assert looked[-1] == 300
        assert list(losses) == sorted(losses, reverse=True)
        assert float(blind_search.multiclass_hinge(x @ weights[-1].T, y)) == pytest.approx(losses[-1], rel=1e-4)
        lowest[name] = losses[-1]
    assert lowest["follow"] < lowest["wander"] < lowest["guess"]


def test_a_number_settles_between_two_answers_where_a_bin_is_one_of_them():
    found = bins.run(n=150, steps=250).data
    assert found["between_two_answers"]["bins"] < 0.5 < 3 < found["between_two_answers"]["L2"]
    assert found["offsets"]["L2"] > 0.3 > abs(found["offsets"]["L1"])


def test_templates_look_like_their_classes_and_the_bias_trick_is_exact():
    exhibit = templates.run(train=500, epochs=8.0)
    assert np.mean(exhibit.data["likeness"]["Softmax"]) > 0.5
    assert len(exhibit.plates) == 2
    assert exhibit.plates[0].pictures.shape[0] == 10
