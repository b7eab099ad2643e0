"""Errors of numbers agree with scikit-learn and with what is known of the bootstrap."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from visus.metrics.numbers import errors, explained, interval


@pytest.fixture
def pair():
    dice = np.random.default_rng(0)
    truth = dice.normal(40, 20, (200, 2))
    return truth + dice.normal(0, [5, 10], (200, 2)), truth


def test_figures_agree_with_scikit_learn(pair):
    said, truth = pair
    for t, found in enumerate(errors(said, truth, n_resamples=10)):
        assert found.mae.value == pytest.approx(mean_absolute_error(truth[:, t], said[:, t]))
        assert found.rmse.value == pytest.approx(root_mean_squared_error(truth[:, t], said[:, t]))
        assert found.r2.value == pytest.approx(r2_score(truth[:, t], said[:, t]))
    assert explained(said, truth) == pytest.approx(r2_score(truth, said))


def test_the_interval_holds_the_figure_and_is_as_wide_as_the_standard_error_says(pair):
    said, truth = pair
    mae = errors(said, truth)[0].mae
    standard_error = np.abs(said - truth)[:, 0].std(ddof=1) / 200**0.5
    assert mae.low < mae.value < mae.high
    assert mae.high - mae.low == pytest.approx(2 * 1.96 * standard_error, rel=0.15)


def test_the_same_seed_gives_the_same_interval(pair):
    assert errors(*pair, n_resamples=50) == errors(*pair, n_resamples=50)
    assert errors(*pair, n_resamples=50, seed=1)[0].mae.low != errors(*pair, n_resamples=50)[0].mae.low


def test_always_the_mean_explains_nothing_and_a_constant_truth_divides_by_no_zero():
    truth = np.arange(10.0)[:, None]
    assert explained(np.full((10, 1), 4.5), truth) == 0
    assert explained(np.ones((10, 1)), np.ones((10, 1))) == 1


def test_the_bootstrap_of_any_figure_leaves_out_what_has_no_answer():
    low, high = interval(lambda rows: float("nan") if rows[0] % 2 else float(rows.mean()), 100)
    assert 35 < low < 49.5 < high < 65
    assert np.isnan(interval(lambda rows: float("nan"), 5)).all()


@pytest.mark.parametrize(
    ("said", "truth", "sentence"),
    [
        (np.ones((3, 1)), np.ones((3, 2)), r"predictions are \(3, 1\) and the truth \(3, 2\)"),
        (np.ones(3), np.ones(3), r"both must be \(N, T\)"),
        (np.ones((0, 1)), np.ones((0, 1)), "N >= 1"),
        (np.full((3, 1), np.nan), np.ones((3, 1)), "did the network diverge"),
    ],
)
def test_bad_input_gets_one_sentence(said, truth, sentence):
    with pytest.raises(ValueError, match=sentence):
        errors(said, truth)
