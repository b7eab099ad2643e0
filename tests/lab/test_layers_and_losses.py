"""What the experiments on losses, penalties, layers and starts rest on, against arithmetic."""

import math

import pytest
import torch

from visus.lab import (
    activation_statistics,
    activations,
    all_positive_inputs,
    dropout,
    initial_losses,
    margin_or_probability,
    universal_approximation,
)


def test_a_signal_through_ten_layers_fades_saturates_or_stays():
    def last(start, activation):
        layers = activation_statistics.activations(start, activation, width=200, depth=10, examples=100, seed=0)
        return {name: values[-1] for name, values in activation_statistics.statistics(layers).items()}

    assert last("small_normal", "tanh")["deviation"] < 1e-6
    assert last("normal of 1", "tanh")["saturated"] > 0.8
    assert last("normal of 1", "relu")["deviation"] > 1e6
    assert 0.3 < last("he", "relu")["deviation"] < 3
    assert last("he", "relu")["zero"] == pytest.approx(0.5, abs=0.1)
    assert last("zero", "relu") == {"mean": 0, "deviation": 0, "saturated": 0, "zero": 1}


@pytest.mark.parametrize("k", [2, 10, 1000])
def test_equal_scores_cost_ln_k_or_k_minus_one(k):
    assert initial_losses.all_equal(k) == pytest.approx([math.log(k), k - 1, k - 1], rel=1e-5)


def test_a_picture_stops_pulling_at_its_margin_with_the_svm_and_never_with_softmax():
    exhibit = margin_or_probability.run(epochs=1.0, lr=0.05)
    assert exhibit.data["pulling"]["softmax"][-1] == 1.0
    assert exhibit.data["pulling"]["SVM"][0] == 1.0
    assert exhibit.data["pulling"]["SVM"][-1] < 0.5
    assert "the SVM loses 0 and 0, softmax 0 and 0.551" in exhibit.findings[0]


def test_positive_inputs_move_both_weights_the_same_way_at_every_step():
    x = all_positive_inputs.examples(repeats=3, n=500, seed=1, centred=False)
    assert x.min() > 0
    positive = all_positive_inputs.quickest(x, batch=1, steps=200)
    centred = all_positive_inputs.quickest(x - x.mean(1, keepdim=True), batch=1, steps=200)
    assert positive.one_sided == 1.0
    assert 0.3 < centred.one_sided < 0.7
    assert centred.length < positive.length
    assert centred.steps < positive.steps


def test_one_descent_of_many_equals_a_plain_loop():
    x = all_positive_inputs.examples(repeats=2, n=50, seed=2, centred=True)
    places, _ = all_positive_inputs.descend(x, batch=4, steps=5)
    rate, w, target = all_positive_inputs.RATES[10], torch.zeros(2), torch.tensor(all_positive_inputs.TARGET)
    for step in range(5):
        rows = x[1, step * 4 : step * 4 + 4]
        w = w - rate * (rows.T @ (rows @ w - rows @ target)) / 4
    torch.testing.assert_close(places[5, 10, 1], w)


def test_a_network_written_down_by_hand_meets_the_function_at_its_knots():
    knots = torch.linspace(-1, 1, 9)
    found = universal_approximation.built(8)(knots[:, None]).detach()[:, 0]
    torch.testing.assert_close(found, universal_approximation.wanted(knots), atol=1e-5, rtol=0)
    coarse, fine = (universal_approximation.error(universal_approximation.built(n)) for n in (64, 128))
    assert coarse / fine == pytest.approx(4, rel=0.1)


def test_training_places_kinks_better_than_even_spacing():
    trained = universal_approximation.trained(8, steps=300, seed=0)
    assert universal_approximation.error(trained) < universal_approximation.error(universal_approximation.built(8))


def test_dropout_expects_in_training_what_it_gives_in_use():
    for form, (seen, used) in dropout.expectations(0.2).items():
        assert seen == pytest.approx(used, abs=0.02)
        assert used == pytest.approx(0.8 if form == "vanilla" else 1.0, abs=1e-4)


@pytest.mark.parametrize(("name", "flat", "mean"), [("relu", 0.5, 0.3989), ("sigmoid", 0.541, 0.5), ("tanh", 0.701, 0)])
def test_what_is_said_of_activations(name, flat, mean):
    found = activations.measured(name)
    assert found["flat"] == pytest.approx(flat, abs=2e-3)
    assert found["mean"] == pytest.approx(mean, abs=1e-3)
