"""Several properties at once, and numbers: tasks on arrays."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression
from torch import nn

from visus.engine import optimizers
from visus.engine.loop import fit
from visus.tasks.attributes import Attributes
from visus.tasks.regress import Regress

N = 300


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(N, 3))


def linear(n_out):
    torch.manual_seed(0)
    layer = nn.Linear(3, n_out)
    nn.init.zeros_(layer.weight)
    return layer


def properties(points):
    """Right of the middle; above it; close to it, which a linear classifier cannot tell."""
    return np.column_stack([points[:, 0] > 0, points[:, 1] > 0, (points**2).sum(1) < 1])


@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_each_attribute_is_learned_for_itself(points, loss):
    task = Attributes(linear(3), points, properties(points), optimizers.adam, loss=loss, lr=0.05)
    start = task.evaluate()
    fit(task, 300)
    right = task.accuracies()
    assert (right[:2] > 0.93).all()
    assert right[2] < 0.9
    end = task.evaluate()
    assert end["validation_loss"] < start["validation_loss"]
    assert end["validation_average_precision"] > start["validation_average_precision"]
    assert end["validation_accuracy"] == pytest.approx(float(right.mean()))


def test_attributes_agree_with_scikit_learns_logistic_regressions(points):
    truth = properties(points)[:, :2]
    task = Attributes(
        linear(2), points, truth, optimizers.adam, held_out=(points, truth), lr=0.05, weight_decay=0.02, batch=N
    )
    fit(task, 500)
    chances = task.predict(torch.from_numpy(points).float()).numpy()
    for a in range(2):
        theirs = LogisticRegression(C=1 / (0.02 * N)).fit(points, truth[:, a])
        assert chances[:, a] == pytest.approx(theirs.predict_proba(points)[:, 1], abs=1e-2)


def test_the_first_loss_is_that_of_a_blind_guess(points):
    task = Attributes(linear(3), points, properties(points), optimizers.sgd, lr=0.1)
    nn.init.zeros_(task.network.bias)
    loss = task.misjudgement(next(task.batches()))["attribute_logistic"]
    assert loss.item() == pytest.approx(task.objectives[0].blind_loss)


def test_regression_finds_the_plane_that_least_squares_finds(points):
    truth = 100 + points @ np.array([[3.0, -2.0], [0.5, 4.0], [0.0, 1.0]])
    truth += np.random.default_rng(1).normal(size=truth.shape)
    task = Regress(linear(2), points, truth, optimizers.adam, held_out=(points, truth), lr=0.05, batch=N)
    fit(task, 400)
    theirs = LinearRegression().fit(points, truth)
    found = task.predict(torch.from_numpy(points).float()).numpy()
    assert found == pytest.approx(theirs.predict(points), abs=0.02)
    scores = task.evaluate()
    assert scores["validation_r2"] == pytest.approx(theirs.score(points, truth), abs=1e-3)
    assert scores["validation_rmse"] == pytest.approx(np.sqrt(((found - truth) ** 2).mean()), rel=1e-4)
    assert scores["validation_mae"] < scores["validation_rmse"]


def test_always_the_mean_explains_nothing_and_l1_shrugs_at_an_outlier(points):
    truth = points[:, 0].copy()
    lazy = Regress(linear(1), points, truth, optimizers.sgd, held_out=(points, truth), lr=0.1)
    nn.init.zeros_(lazy.network.bias)
    assert lazy.evaluate()["validation_r2"] == pytest.approx(0, abs=1e-5)
    truth[:5] = 1e3
    errors = {}
    for loss in ("l1", "l2"):
        held = points[5:], truth[5:]
        task = Regress(linear(1), points, truth, optimizers.adam, held_out=held, loss=loss, lr=0.01, batch=N)
        fit(task, 800)
        errors[loss] = task.evaluate()["validation_mae"]
    assert errors["l1"] < errors["l2"] / 3


@pytest.mark.parametrize("kind", [Attributes, Regress])
def test_batches_depend_on_seed_and_step_alone(points, kind):
    truth = properties(points)
    task, same, other = (kind(linear(3), points, truth, optimizers.sgd, lr=0.1, seed=s) for s in (0, 0, 1))
    later = task.batches(17)
    through = same.batches()
    for _ in range(17):
        next(through)
    for one, two in zip(next(later), next(through), strict=True):
        assert torch.equal(one, two)
    assert not torch.equal(next(task.batches(17))[0], next(other.batches(17))[0])


def test_an_epoch_shows_every_example_once(points):
    task = Regress(linear(1), points, np.arange(N), optimizers.sgd, held_out=(points, np.arange(N)), lr=0.1, batch=30)
    batches = task.batches()
    seen = torch.cat([next(batches)[1] for _ in range(task.steps_per_epoch)])
    assert sorted(seen.flatten().tolist()) == list(range(N))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"truth": np.ones(N - 1)}, "one truth for each input"),
        ({"truth": np.full(N, np.nan)}, "NaN"),
        ({"inputs": np.array(["a"] * N)}, "array of numbers"),
        ({"held_out": 1.5}, "between 0 and 1"),
        ({"batch": 0}, "at least 1 example"),
        ({"held_out": (np.zeros((4, 2)), np.zeros(4))}, "one shape"),
        ({"loss": "l3"}, "loss must be"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_one_sentence(points, change, says):
    settings = {"inputs": points, "truth": points[:, 0], "lr": 0.1, **change}
    with pytest.raises(ValueError, match=says) as caught:
        Regress(linear(1), settings.pop("inputs"), settings.pop("truth"), optimizers.sgd, **settings)
    assert "\n" not in str(caught.value)


def test_attributes_refuse_other_truths_than_yes_and_no(points):
    with pytest.raises(ValueError, match="1 where"):
        Attributes(linear(3), points, 2 * properties(points).astype(int), optimizers.sgd, lr=0.1)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.int32])
def test_any_numeric_type_and_layout_will_do(dtype):
    inputs = np.asfortranarray(np.random.default_rng(0).integers(0, 9, (40, 3)).astype(dtype))
    task = Regress(linear(1), inputs, inputs[::1, 1], optimizers.adam, lr=0.1)
    fit(task, 3)
    assert task.evaluate()["validation_mae"] >= 0
