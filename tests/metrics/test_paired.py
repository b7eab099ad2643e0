"""Is B better than A: the exact test and the interval agree with scipy, with enumeration, and with each other."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from visus.metrics.paired import holm, mcnemar, paired_bootstrap


def answers(n_both, n_first, n_second, n_neither):
    first = np.repeat([1, 1, 0, 0], (n_both, n_first, n_second, n_neither))
    return first, np.repeat([1, 0, 1, 0], (n_both, n_first, n_second, n_neither))


def test_by_hand_three_against_none_is_one_in_four():
    found = mcnemar(*answers(5, 0, 3, 2))
    assert (found.only_first, found.only_second) == (0, 3)
    assert found.p == pytest.approx(2 * 0.5**3)


def test_p_is_the_share_of_coin_tosses_at_least_as_uneven():
    first, second = answers(7, 2, 8, 1)
    tosses = np.array([sum(toss) for toss in product((0, 1), repeat=10)])
    assert mcnemar(first, second).p == pytest.approx((np.abs(tosses - 5) >= 3).mean())


def test_agreement_says_nothing_and_order_of_the_two_does_not_matter():
    assert mcnemar([1, 0, 1], [1, 0, 1]).p == 1
    assert mcnemar(*answers(0, 4, 9, 0)).p == mcnemar(*answers(1000, 4, 9, 50)).p
    assert mcnemar(*answers(0, 4, 9, 0)).p == mcnemar(*answers(0, 9, 4, 0)).p


def test_the_interval_agrees_with_scipys_bootstrap_of_the_differences():
    dice = np.random.default_rng(0)
    first = dice.random(400) < 0.7
    second = first | (dice.random(400) < 0.1)
    second &= dice.random(400) < 0.97
    ours = paired_bootstrap(first, second)
    differences = second.astype(float) - first
    theirs = stats.bootstrap((differences,), np.mean, method="percentile", random_state=1).confidence_interval
    assert ours.mean == pytest.approx(differences.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.004)


def test_it_takes_any_scores_and_the_same_seed_gives_the_same_interval():
    dice = np.random.default_rng(1)
    first, second = dice.normal(size=3000), dice.normal(0.1, size=3000)
    one, two = (paired_bootstrap(first, second, n_resamples=500, seed=3) for _ in range(2))
    assert one == two
    assert one.low < second.mean() - first.mean() < one.high
    swapped = paired_bootstrap(second, first, n_resamples=500, seed=3)
    assert swapped.mean == pytest.approx(-one.mean)


def test_what_all_models_share_cancels_out():
    right = np.arange(100) % 3 == 0
    assert paired_bootstrap(right, right) == paired_bootstrap(~right, ~right)
    assert paired_bootstrap(right, right).high == 0


def test_coverage_is_about_what_was_asked():
    """Of 200 pairs of models with a known true difference of 5 points, about 95 % of the intervals hold it."""
    dice, held = np.random.default_rng(2), 0
    for _ in range(200):
        draws = dice.random(300)
        found = paired_bootstrap(draws < 0.7, (draws < 0.65) | (draws > 0.9), n_resamples=1000)
        held += found.low <= 0.05 <= found.high
    assert 0.9 <= held / 200 <= 0.99


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.9]) == pytest.approx([0.04, 0.09, 0.09, 0.9])
    assert (holm([0.2, 0.5]) >= [0.2, 0.5]).all()


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ([1, 0], [1], r"a pair is \(2,\) and \(1,\)"),
        ([], [], "the same N examples"),
        ([0.5, 1], [0, 1], "not scores"),
        ([np.nan, 1], [0, 1], "not scores"),
    ],
)
def test_what_is_no_pair_of_answers_is_refused(first, second, sentence):
    with pytest.raises(ValueError, match=sentence):
        mcnemar(first, second)


def test_a_score_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="NaN or infinite"):
        paired_bootstrap([0.0, np.nan], [1.0, 1.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        paired_bootstrap([0.0], [1.0], confidence=95)
