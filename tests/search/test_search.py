"""Searches find the best of a landscape they cannot see."""

import importlib.util
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus import search as folder
from visus.engine import catalogue
from visus.search import Choices, Round, Search, Span, Trial, _narrow, coarse_to_fine, grid, random, successive_halving

SPACE = {"lr": Span(1e-6, 10.0, log=True), "weight_decay": Span(1e-6, 1e-1, log=True)}


def landscape(best_lr, cliff=math.inf):
    """Score falls with the distance in decades from the best rate; above the cliff training diverges."""

    def run(settings, length, number):
        if settings["lr"] > cliff:
            return Trial(number, settings, None)
        return Trial(number, settings, -abs(math.log10(settings["lr"] / best_lr)))

    return run


def present(name):
    return name != "optuna_sampler" or importlib.util.find_spec("optuna") is not None


every_strategy = pytest.mark.parametrize("name", [name for name in catalogue.names(folder) if present(name)])


@every_strategy
def test_a_strategy_tries_what_it_was_asked_to_and_keeps_the_best(name):
    found = catalogue.find(folder, name).search(landscape(1e-3), SPACE, [Round(10, 1), Round(5, 2)], seed=1)
    asked = [trial for trial in found.trials if trial.round <= 2]
    assert 13 <= len(asked) <= 15  # a grid takes what makes whole rows
    assert found.best in found.trials
    assert all(1e-6 <= trial.settings["weight_decay"] <= 1e-1 for trial in found.trials if trial.round == 1)


@every_strategy
def test_its_own_rounds_have_as_many_trials_as_asked_and_end_at_full_length(name):
    for trials in (3, 9, 24, 60):
        rounds = catalogue.find(folder, name).rounds(trials, 8.0)
        assert sum(plan.trials for plan in rounds) == trials
        assert all(plan.trials > 0 for plan in rounds)
        lengths = [plan.length for plan in rounds]
        assert lengths == sorted(lengths)
        assert lengths[-1] == 8.0


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
        assert (resumed.spans, resumed.borders) == (whole.spans, whole.borders)


@every_strategy
def test_trials_made_many_at_once_are_those_made_one_by_one(name):
    run, rounds = landscape(1e-3), [Round(9, 1), Round(4, 2)]

    def many(proposals, length, number):
        yield from [run(settings, length, number) for settings in proposals]

    strategy = catalogue.find(folder, name)
    assert strategy.search(None, SPACE, rounds, run_many=many).trials == strategy.search(run, SPACE, rounds).trials


@every_strategy
def test_everything_diverging_leaves_no_best(name):
    found = catalogue.find(folder, name).search(landscape(1e-3, cliff=0.0), SPACE, [Round(4, 1), Round(3, 2)])
    assert found.best is None
    assert found.borders == found.unstable == []


@every_strategy
def test_words_and_whole_numbers_are_searched_as_what_they_are(name):
    space = {
        "optimizer": Choices(("sgd", "adam")),
        "hidden": Span(8, 64, log=True, whole=True),
        "flip": Choices((True,)),
    }

    def run(settings, length, number):
        assert settings["optimizer"] in ("sgd", "adam")
        assert isinstance(settings["hidden"], int)
        assert settings["flip"] is True
        return Trial(number, settings, settings["hidden"] + 100 * (settings["optimizer"] == "adam"))

    found = catalogue.find(folder, name).search(run, space, [Round(12, 1), Round(6, 2)], seed=1)
    assert found.best.settings["optimizer"] == "adam"


@every_strategy
def test_a_best_value_on_the_border_brings_another_round_beyond_it(name):
    found = catalogue.find(folder, name).search(landscape(1e3), SPACE, [Round(16, 1)], seed=0)
    assert max(trial.round for trial in found.trials) > 1
    assert found.best.settings["lr"] > SPACE["lr"].high


@every_strategy
def test_each_round_is_told_with_where_it_looks_before_its_trials_are_made(name):
    told = []

    def tell(number, plan, found):
        assert all(trial.round < number for trial in found.trials)
        told.append((number, plan.length, found.spans["lr"]))

    found = catalogue.find(folder, name).search(landscape(1e-3), SPACE, [Round(8, 1), Round(4, 2)], tell=tell)
    assert [number for number, _, _ in told[:2]] == [1, 2]
    assert told[0][1:] == (1, SPACE["lr"])
    assert told[-1][2] == found.spans["lr"]


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
def test_coarse_to_fine_follows_the_best_beyond_the_border(best_lr):
    found = coarse_to_fine.search(landscape(best_lr), SPACE, [Round(12, 1), Round(8, 1)], seed=0)
    span = found.spans["lr"]
    assert span.low < SPACE["lr"].low or span.high > SPACE["lr"].high
    start = SPACE["lr"].low if best_lr < 1 else SPACE["lr"].high
    assert abs(math.log10(found.best.settings["lr"] / best_lr)) < abs(math.log10(start / best_lr))


def test_a_best_far_beyond_everything_is_still_reported_on_the_border():
    assert "lr" in coarse_to_fine.search(landscape(1e30), SPACE, [Round(12, 1), Round(8, 1)]).borders


def test_a_best_value_well_inside_raises_no_border_alarm():
    alarms = [
        "lr" in coarse_to_fine.search(landscape(1e-3), SPACE, [Round(12, 1)], seed=seed).borders for seed in range(20)
    ]
    assert not any(alarms)


def test_nothing_is_widened_beyond_what_a_setting_may_be():
    space = {"dropout": Span(0.0, 0.9, least=0.0, most=0.9)}
    found = coarse_to_fine.search(lambda s, length, n: Trial(n, s, s["dropout"]), space, [Round(8, 1), Round(8, 1)])
    assert all(0 <= trial.settings["dropout"] <= 0.9 for trial in found.trials)
    assert found.borders == []


def test_the_best_next_to_the_unstable_region_is_recognised():
    """Scores rise up to the cliff; the twin has its best two decades below, where nothing is unstable near it."""
    rounds = [Round(20, 1), Round(10, 2)]
    at_the_cliff = coarse_to_fine.search(landscape(1e-2, cliff=1.5e-2), SPACE, rounds)
    assert at_the_cliff.unstable == ["lr"]
    assert coarse_to_fine.search(landscape(1e-4, cliff=1e-1), SPACE, rounds).unstable == []


def test_a_collapse_counts_as_unstable_above_the_best_and_as_slow_below_it():
    def tried(*values):
        trials = [Trial(1, {"lr": lr}, score, collapsed=score < 0.2) for lr, score in values]
        return Search(trials, {"lr": Span(1e-4, 1.0, log=True)}, lengths={1: 1})

    healthy = [(1e-3, 0.5), (1e-2, 0.9)]
    assert _narrow.near_unstable(tried(*healthy, (2e-2, 0.1))) == ["lr"]
    assert _narrow.near_unstable(tried(*healthy, (1e-4, 0.1))) == []
    assert _narrow.near_unstable(tried(*healthy, (5e-1, 0.1))) == []


def test_the_longest_trials_say_which_is_best():
    trials = [Trial(1, {"lr": 1.0}, 0.99), Trial(2, {"lr": 0.1}, 0.8), Trial(3, {"lr": 0.01}, None)]
    assert Search(trials, lengths={1: 1, 2: 2, 3: 2}).best == trials[1]
    assert Search(trials, lengths={1: 1, 2: 2, 3: 4}).best == trials[1]


def test_successive_halving_lets_the_best_go_on():
    found = successive_halving.search(landscape(1e-3), SPACE, successive_halving.rounds(24, 9))
    rounds = [[trial.settings for trial in found.trials if trial.round == number] for number in (1, 2, 3)]
    assert [len(settings) for settings in rounds] == [16, 6, 2]
    first = sorted(found.trials[:16], key=lambda trial: -trial.score)
    assert rounds[1] == [trial.settings for trial in first[:6]]
    assert rounds[2] == rounds[1][:2]


def test_a_grid_has_few_distinct_values_of_each_setting_and_reaches_the_ends():
    points = grid.points(SPACE, 25)
    rates = sorted({point["lr"] for point in points})
    assert (len(points), len(rates)) == (25, 5)
    assert rates == pytest.approx([1e-6, 10**-4.25, 10**-2.5, 10**-0.75, 10.0])
    assert len({draw["lr"] for draw in random.propose(SPACE, 25, 0)}) == 25


def test_a_grid_tries_every_listed_value_or_says_how_many_trials_that_takes():
    space = {"k": Choices((1, 3, 5, 8)), "metric": Choices(("l1", "l2"))}
    assert len(grid.points(space, 8)) == 8
    with pytest.raises(ValueError, match="make 8 combinations; allow as many trials, not 7"):
        grid.points(space, 7)
    assert {point["n"] for point in grid.points({"n": Span(1, 3, whole=True)}, 50)} == {1, 2, 3}


def test_a_missing_extra_is_refused_with_the_command_that_installs_it(monkeypatch):
    from visus.search import optuna_sampler

    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(RuntimeError, match=r"pip install 'visus\[optuna\]'"):
        optuna_sampler.search(landscape(1e-3), SPACE, [Round(4, 1)])


@given(n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_random_draws_stay_in_their_span_and_cover_it(n, seed):
    draws = random.propose(SPACE, n, seed)
    places = sorted((math.log10(d["lr"]) + 6) / 7 for d in draws)
    assert all(i / n - 1e-9 <= place <= (i + 1) / n + 1e-9 for i, place in enumerate(places))
    assert draws == random.propose(SPACE, n, seed)


@given(low=st.floats(1e-6, 1e3), times=st.floats(1.01, 1e6), share=st.floats(0, 1), log=st.booleans())
def test_a_value_lies_where_its_place_says(low, times, share, log):
    span = Span(low, low * times, log)
    assert span.place(span.at(share)) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(("low", "high", "log"), [(1, 1, False), (2, 1, False), (0, 1, True), (-1, 1, True)])
def test_a_span_without_extent_is_refused(low, high, log):
    with pytest.raises(ValueError, match="a span needs low < high"):
        Span(low, high, log)


@pytest.mark.parametrize("values", [(), (1, 1)])
def test_choices_that_are_none_are_refused(values):
    with pytest.raises(ValueError, match="choices must be different values"):
        Choices(values)
