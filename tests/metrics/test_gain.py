"""What an ensemble gains: worked by hand, and by the laws that averages obey."""

import numpy as np
import pytest

from visus.metrics.gain import measure
from visus.ship.ensemble import Ensemble


def members(n_members, n=400, noise=1.0, seed=0):
    """Members that see the truth through noise of their own: probabilities (M, N, 3) and labels (N,)."""
    dice = np.random.default_rng(seed)
    labels = dice.integers(0, 3, n)
    scores = np.eye(3)[labels] + noise * dice.normal(size=(n_members, n, 3))
    shares = np.exp(scores)
    return shares / shares.sum(2, keepdims=True), labels


def test_by_hand_two_against_one():
    sure, unsure = [0.9, 0.1], [0.4, 0.6]
    probabilities = np.array([[sure, sure], [unsure, unsure]])
    found = measure(probabilities, np.array([0, 1]))
    assert list(found.members) == [0.5, 0.5]
    assert found.accuracy == 0.5  # the sure one decides both: (0.65, 0.35)
    assert found.disagreement == 1
    assert [step.mean for step in found.curve] == [0.5, 0.5]


def test_independent_errors_average_out_and_the_curve_rises():
    found = measure(*members(8))
    means = [step.mean for step in found.curve]
    assert means[0] == pytest.approx(np.mean(found.members))
    assert means[-1] == found.accuracy
    assert means[3] > means[0] + 0.05
    assert found.over_mean.low > 0
    assert all(step.low <= step.mean <= step.high for step in found.curve)


def test_copies_of_one_model_gain_nothing():
    probabilities, labels = members(1)
    found = measure(np.repeat(probabilities, 4, axis=0), labels)
    assert (found.over_mean.mean, found.over_mean.low, found.over_mean.high) == (0, 0, 0)
    assert found.disagreement == 0


def test_the_order_of_the_members_changes_only_who_is_last():
    probabilities, labels = members(5)
    one, other = measure(probabilities, labels), measure(probabilities[::-1], labels)
    assert one.accuracy == other.accuracy
    assert one.over_mean == other.over_mean
    assert one.over_last.mean == pytest.approx(one.accuracy - one.members[-1])


def test_what_does_not_fit_is_refused():
    probabilities, labels = members(2)
    with pytest.raises(ValueError, match=r"labels \(399,\)"):
        measure(probabilities, labels[:-1])
    with pytest.raises(ValueError, match="at least one example"):
        measure(probabilities[:, :0], labels[:0])
    with pytest.raises(ValueError, match="at least one member"):
        Ensemble([])
