"""Searches find the best of a landscape they cannot see."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus import search as folder
from visus.engine import catalogue
from visus.search import Round, Span, Trial, coarse_to_fine, random

SPACE = {"lr": Span(1e-6, 10.0, log=True), "weight_decay": Span(1e-6, 1e-1, log=True)}


def landscape(best_lr, cliff=math.inf):
    """Score falls with the distance in decades from the best rate; above the cliff training diverges."""

    def run(settings, length, number):
        if settings["lr"] > cliff:
            return Trial(number, settings, None)
        return Trial(number, settings, -abs(math.log10(settings["lr"] / best_lr)))

    return run


every_strategy = pytest.mark.parametrize("name", catalogue.names(folder))


@every_strategy
def test_a_strategy_tries_what_it_was_asked_to_and_keeps_the_best(name):
    found = catalogue.find(folder, name).search(landscape(1e-3), SPACE, [Round(10, 1), Round(5, 2)], seed=1)
    assert len(found.trials) == 15
    assert found.best in found.trials
    assert all(
        SPACE["weight_decay"].low <= t.settings["weight_decay"] <= SPACE["weight_decay"].high for t in found.trials[:10]
    )


@every_strategy
def test_a_diverged_trial_is_a_result_not_a_crash(name):
    found = catalogue.find(folder, name).search(landscape(1e-3, cliff=1e-2), SPACE, [Round(12, 1), Round(6, 2)])
    assert any(trial.diverged for trial in found.trials)
    assert found.best.settings["lr"] < 1e-2


@every_strategy
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(name):
    strategy, rounds = catalogue.find(folder, name), [Round(8, 1), Round(5, 2), Round(3, 4)]
    whole = strategy.search(landscape(1e-3), SPACE, rounds, seed=2)
    for n_known in (1, 8, 10, 15):
        resumed = strategy.search(landscape(1e-3), SPACE, rounds, seed=2, known=whole.trials[:n_known])
        assert resumed.trials == whole.trials


@every_strategy
def test_everything_diverging_leaves_no_best(name):
    found = catalogue.find(folder, name).search(landscape(1e-3, cliff=0.0), SPACE, [Round(4, 1), Round(3, 2)])
    assert found.best is None


def test_a_search_can_be_stopped_and_keeps_what_it_has():
    answers = iter([False, False, True])
    found = coarse_to_fine.search(landscape(1e-3), SPACE, [Round(8, 1)], stop=lambda: next(answers))
    assert len(found.trials) == 2


def test_coarse_to_fine_comes_closer_than_it_began():
    for seed in range(10):
        found = coarse_to_fine.search(landscape(3e-4), SPACE, [Round(12, 1), Round(7, 3), Round(5, 6)], seed=seed)
        assert abs(math.log10(found.best.settings["lr"] / 3e-4)) < 0.5
        assert "lr" not in found.borders or found.spans["lr"].low > 1e-6


@pytest.mark.parametrize("best_lr", [1e-9, 1e4])
def test_a_best_value_beyond_the_border_is_reported_and_the_span_widened(best_lr):
    found = coarse_to_fine.search(landscape(best_lr), SPACE, [Round(12, 1), Round(8, 1)], seed=0)
    assert "lr" in found.borders
    span = found.spans["lr"]
    assert span.low < SPACE["lr"].low or span.high > SPACE["lr"].high


def test_a_best_value_well_inside_raises_no_border_alarm():
    alarms = [
        "lr" in coarse_to_fine.search(landscape(1e-3), SPACE, [Round(12, 1)], seed=seed).borders for seed in range(20)
    ]
    assert not any(alarms)


@given(n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_random_draws_stay_in_their_span_and_cover_it(n, seed):
    draws = random.propose(SPACE, n, seed)
    places = sorted((math.log10(d["lr"]) + 6) / 7 for d in draws)
    assert all(i / n - 1e-9 <= place <= (i + 1) / n + 1e-9 for i, place in enumerate(places))
    assert draws == random.propose(SPACE, n, seed)


@pytest.mark.parametrize(("low", "high", "log"), [(1, 1, False), (2, 1, False), (0, 1, True), (-1, 1, True)])
def test_a_span_without_extent_is_refused(low, high, log):
    with pytest.raises(ValueError, match="a span needs low < high"):
        Span(low, high, log)
