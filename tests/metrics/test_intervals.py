import numpy as np
import pytest
from scipy.stats import binomtest

from visus.metrics.confusion import per_class
from visus.metrics.intervals import bootstrap_f1, bootstrap_mean, wilson, wilson_f1


@pytest.mark.parametrize(("successes", "n"), [(0, 7), (7, 7), (41, 60), (1, 1), (9000, 10000)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_agrees_with_scipy(successes, n, confidence):
    theirs = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_of_41_in_60_worked_by_hand():
    low, high = wilson(41, 60)
    assert low == pytest.approx(0.5576, abs=1e-4)
    assert high == pytest.approx(0.7869, abs=1e-4)


def test_without_trials_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_ends_are_exact():
    assert wilson(0, 30)[0] == 0.0
    assert wilson(30, 30)[1] == 1.0


@pytest.mark.parametrize(("successes", "n", "confidence"), [(68.3, 60, 0.95), (-1, 5, 0.95), (1, 2, 95)])
def test_percentages_in_place_of_counts_are_refused(successes, n, confidence):
    with pytest.raises(ValueError, match=r"for example 0\.95|not percentages"):
        wilson(successes, n, confidence)


def test_the_interval_of_f1_holds_the_f1_and_claims_little_from_six_pictures():
    hits, false_alarms, misses = 8, 2, 4
    low, high = wilson_f1(hits, false_alarms, misses)
    assert low < 2 * hits / (2 * hits + false_alarms + misses) < high
    assert wilson_f1(6, 0, 0)[0] < 0.8
    assert wilson_f1(6, 0, 0)[1] == 1.0


def test_the_interval_of_f1_holds_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    shares = np.array([0.1, 0.03, 0.05, 0.82])  # TP, FP, FN, the rest
    truth = 2 * shares[0] / (2 * shares[0] + shares[1] + shares[2])
    drawn = random.multinomial(200, shares, size=2000)
    held = [low <= truth <= high for low, high in (wilson_f1(*map(int, counts[:3])) for counts in drawn)]
    assert 0.93 < np.mean(held) < 0.98


def test_the_bootstrap_of_f1_agrees_with_drawing_the_pictures_themselves():
    matrix = np.array([[40, 10, 0], [5, 60, 5], [0, 20, 60]])
    rows, columns = np.divmod(np.repeat(np.arange(9), matrix.ravel()), 3)
    random = np.random.default_rng(1)
    macro = []
    for _ in range(2000):
        drawn = random.integers(0, len(rows), len(rows))
        macro.append(per_class(np.bincount(rows[drawn] * 3 + columns[drawn], minlength=9).reshape(3, 3)).macro_f1)
    ours = bootstrap_f1(matrix, n_resamples=2000)
    assert ours.macro == pytest.approx(np.quantile(macro, [0.025, 0.975]), abs=0.01)
    assert (ours.low < per_class(matrix).f1).all()
    assert (per_class(matrix).f1 < ours.high).all()


def test_the_bootstrap_repeats_itself_and_is_silent_about_a_class_never_seen():
    matrix = np.array([[5, 1, 0], [2, 9, 0], [0, 0, 0]])
    first, second = bootstrap_f1(matrix), bootstrap_f1(matrix)
    np.testing.assert_array_equal(first.low, second.low)
    assert first.macro == second.macro
    assert np.isnan(first.low).tolist() == [False, False, True]


def test_an_empty_matrix_has_no_interval():
    with pytest.raises(ValueError, match="at least one example"):
        bootstrap_f1(np.zeros((3, 3), dtype=np.int64))


def test_the_bootstrap_of_a_mean_is_about_two_of_its_deviations_either_way():
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = bootstrap_mean(values)
    reach = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - reach, abs=0.03)
    assert high == pytest.approx(values.mean() + reach, abs=0.03)
    assert bootstrap_mean(values) == (low, high)
    assert bootstrap_mean(np.full(9, 3.0)) == (3.0, 3.0)
    with pytest.raises(ValueError, match="no value to take the mean of"):
        bootstrap_mean(np.empty(0))
