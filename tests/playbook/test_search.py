"""Search: trials that cannot see the test part, made in any of three ways, told by rounds, repeated over seeds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import visus
from visus.data.prepare import prepare
from visus.engine.probe import Cost
from visus.playbook import _hunt, _population, _search_verdict, _trial_run, _ways, _workers, api, search_recipe
from visus.playbook import search as stage
from visus.playbook._ranges import divide
from visus.playbook._session import InterruptedRunError, Silent
from visus.playbook._trial_run import Bench
from visus.recipes import classify, digits_knn, digits_mlp
from visus.recipes._form import fields
from visus.report.page import render
from visus.runs.reader import Run
from visus.search import Choices, Round, Search, Span, Trial

from .shows import Lines

MLP = {"model": "mlp", "hidden": 16, "dropout": 0.2, "arithmetic": "float32", "crop": 1}
PROPOSALS = [{"lr": 0.05, "weight_decay": 1e-4}, {"lr": 1e9}, {"lr": 0.02, "seed": 3}]


@pytest.fixture(scope="module")
def digits():
    return prepare("digits")


@pytest.fixture(scope="module")
def bench(digits):
    return Bench("classify", stage.trial_pictures(digits), MLP)


@pytest.fixture(scope="module")
def workers(bench):
    made = _workers.Workers(bench, 1)
    yield made
    made.close()


def scores(results):
    return [(result.score, result.collapsed) for result in results]


def test_what_trials_are_handed_holds_no_test_picture(digits):
    handed = digits.without_test()
    n = len(digits.split.train) + len(digits.split.validation)
    assert (len(handed.collection), len(handed.pixels), len(handed.rows("test"))) == (n, n, 0)
    known = {picture.numpy().tobytes() for picture in handed.pixels}
    there = {picture.numpy().tobytes() for picture in digits.images(digits.rows("train"))}
    there |= {picture.numpy().tobytes() for picture in digits.images(digits.rows("validation"))}
    assert known == there
    tests = {picture.numpy().tobytes() for picture in digits.images(digits.rows("test"))}
    assert not known & tests
    assert not {digits.collection.names[i] for i in digits.rows("test")} & set(handed.collection.names)
    assert handed.collection.pictures.values.size == 0
    for part in ("train", "validation"):
        assert torch.equal(handed.images(handed.rows(part)), digits.images(digits.rows(part)))
        assert torch.equal(handed.labels(handed.rows(part)), digits.labels(digits.rows(part)))


def test_streamed_pictures_lose_their_test_files_too(stripes):
    streamed = prepare(stripes, memory_gib=0.0)
    handed = streamed.without_test()
    gone = {streamed.collection.pictures.paths[i] for i in streamed.rows("test")}
    assert gone
    assert not gone & set(handed.collection.pictures.paths)
    assert torch.equal(handed.images(handed.rows("train")), streamed.images(streamed.rows("train")))


def test_a_search_hands_its_trials_no_test_picture(digits, tmp_path, monkeypatch):
    seen, really = [], _trial_run.run
    monkeypatch.setattr(_trial_run, "run", lambda bench, *what: seen.append(bench.prepared) or really(bench, *what))
    search_recipe.search("digits_mlp", {"epochs": "0.5", "dropout": "0.1"}, trials=3, seeds=0, runs=tmp_path)
    assert seen
    assert all(len(prepared.rows("test")) == 0 and len(prepared.pixels) < 1797 for prepared in seen)


def test_workers_come_to_the_very_results_of_this_process_with_one_thread(bench, workers):
    alone = _ways.OneByOne(bench, threads=1)
    here, there = scores(alone.make(PROPOSALS, 1.0)), scores(workers.make(PROPOSALS, 1.0))
    assert here == there
    assert here[1] == (None, False)
    assert here[0][0] > 0.5


def test_trials_given_up_in_between_do_not_spoil_the_next_ones(bench, workers):
    asking = workers.make(PROPOSALS, 1.0)
    first = next(asking)
    asking.close()
    again = list(workers.make(PROPOSALS[:1], 1.0))
    assert again[0].score == first.score


def test_a_trials_own_refusal_comes_back_as_it_was_said(workers):
    with pytest.raises(ValueError, match="learning rate"):
        list(workers.make([{"lr": -1.0}], 1.0))


def test_a_killed_worker_costs_time_and_nothing_else(bench, workers):
    show = Lines()
    way = _ways.SideBySide(bench, 1, show)
    way.workers = workers
    results = way.make(PROPOSALS, 0.5)
    first = next(results)
    workers._processes[0].kill()
    found = [first, *results]
    assert scores(found) == scores(_ways.OneByOne(bench).make(PROPOSALS, 0.5))
    assert "going on in one process" in show.said[0]


PARENT = """
import sys, time
from visus.data.prepare import prepare
from visus.playbook._trial_run import Bench
from visus.playbook._workers import Workers
workers = Workers(Bench("classify", prepare("digits").without_test(), {"model": "mlp", "arithmetic": "float32"}), 1)
results = workers.make([{"lr": 0.1}, {"lr": 0.2}], float(sys.argv[1]))
next(results)
print(workers._processes[0].pid, flush=True)
next(results)
time.sleep(60)
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    home = str(Path(visus.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": home, "VISUS_CACHE": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", PARENT, "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as parent:
        worker = int(parent.stdout.readline())
        os.kill(worker, 0)
        parent.kill()
    for _ in range(100):
        if not _lives(worker):
            break
        time.sleep(0.1)
    assert not _lives(worker)
    assert not list(tmp_path.glob("**/*.safetensors"))  # nor is a copy of the pictures left


def _lives(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("settings", "names", "way"),
    [
        ({"model": "linear", "arithmetic": "float32"}, ["lr", "weight_decay"], _ways.ALL_AT_ONCE),
        ({"model": "small_conv", "arithmetic": "float32"}, ["lr"], _ways.SIDE_BY_SIDE),
        ({"model": "linear", "arithmetic": "float32"}, ["lr", "batch"], _ways.SIDE_BY_SIDE),
    ],
)
def test_the_way_is_chosen_by_what_is_searched(bench, monkeypatch, settings, names, way):
    monkeypatch.setattr(_ways, "cores", lambda: 2)
    mine = Bench("classify", bench.prepared, settings)
    task = mine.task({}, 1)
    assert _ways.choose(mine, names, task, Cost(0.01, 0.01, 1), seconds=100)[0] == way
    monkeypatch.setattr(_ways, "cores", lambda: 1)
    assert _ways.choose(mine, names, task, Cost(0.01, 0.01, 1), seconds=100)[0] != _ways.SIDE_BY_SIDE
    monkeypatch.setattr(_ways, "cores", lambda: 2)
    large = Cost(0.01, 0.01, 2**60)
    assert _ways.choose(mine, names, task, large, seconds=100)[0] != _ways.SIDE_BY_SIDE
    assert _ways.choose(mine, names, task, Cost(0.01, 0.01, 1), seconds=1)[0] != _ways.SIDE_BY_SIDE


def test_a_population_scores_as_its_members_alone(bench):
    mine = Bench("classify", bench.prepared, {"model": "linear", "arithmetic": "float32"})
    wishes = [{"lr": 0.05}, {"lr": 0.005}, {"lr": 0.05, "seed": 2}]
    together = [result.score for result in _ways.AllAtOnce(mine).make(wishes, 1.0)]
    alone = [result.score for result in _ways.OneByOne(mine).make(wishes, 1.0)]
    assert together == pytest.approx(alone, abs=0.01)


def test_an_exploding_trial_ends_early_and_a_blind_one_is_recognised(bench):
    from dataclasses import replace

    kept = replace(bench, settings={**MLP, "dropout": 0.0, "schedule": "constant"})
    assert _trial_run.run(kept, {"lr": 3e3}, 3.0).score is None
    assert _trial_run.run(kept, {"lr": 1e-9}, 0.5).collapsed
    assert not _trial_run.run(kept, {"lr": 0.05}, 2.0).collapsed


@pytest.mark.parametrize(
    ("typed", "space"),
    [
        ({"lr": "1e-4..0.1"}, {"lr": Span(1e-4, 0.1, log=True, least=1e-12)}),
        ({"hidden": "8..64"}, {"hidden": (8, 64)}),
        ({"optimizer": "sgd,adam", "lr": "0.1"}, {"optimizer": Choices(("sgd", "adam"))}),
        ({"batch": "16,32"}, {"batch": Choices((16, 32))}),
        ({"flip": "yes,no"}, {"flip": Choices((True, False))}),
    ],
)
def test_typed_ranges_are_what_is_searched(typed, space):
    values, found = divide(digits_mlp.build, typed)
    assert set(found) == set(space)
    for name, span in space.items():
        if isinstance(span, tuple):
            assert (found[name].low, found[name].high, found[name].whole) == (*span, True)
        else:
            assert found[name] == span
    assert values == ({"lr": 0.1} if "optimizer" in typed else {})


def test_without_a_range_all_settings_that_have_one_are_searched():
    values, space = divide(classify.build, {"lr": "0.1", "model": "linear"})
    assert values == {"lr": 0.1, "model": "linear"}
    assert set(space) == {"weight_decay"}


@pytest.mark.parametrize(
    ("build", "typed", "sentence"),
    [
        (digits_mlp.build, {"lr": "0.1..0.01"}, "lr needs a range from low to high"),
        (digits_mlp.build, {"lr": "0.1.."}, "lr needs a range from low to high"),
        (digits_mlp.build, {"lr": "1e-3..fast"}, "lr must be a number, for example .*; got 'fast'"),
        (digits_mlp.build, {"lr": "-1..1"}, "lr must be at least"),
        (digits_mlp.build, {"lr": "0.1,0.1"}, "different values between commas"),
        (digits_mlp.build, {"optimizer": "sgd..adam"}, "optimizer is a word, so it has no range"),
        (digits_mlp.build, {"optimizer": "sgd,adm"}, "Did you mean"),
        (digits_mlp.build, {"epochs": "1..9"}, "epochs cannot be searched"),
        (digits_mlp.build, {"model": "mlp,linear"}, "model cannot be searched"),
        (digits_mlp.build, {"lrr": "1..9"}, "no setting 'lrr'. Did you mean 'lr'"),
        (digits_knn.build, {"lr": "1e-3..1"}, "knn learns by remembering and has no use for lr"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_sentence(build, typed, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        divide(build, typed)


def test_a_search_of_nothing_is_refused():
    ranged = {name: str(field.default) for name, field in fields(digits_mlp.build).items() if field.search}
    with pytest.raises(ValueError, match="nothing is left to search; type a range"):
        divide(digits_mlp.build, ranged)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"strategy": "coarse"}, "no 'coarse' in search. Did you mean"),
        ({"trials": 1}, "at least 3 trials; got 1"),
        ({"seeds": -1}, "counted from 0; got -1"),
    ],
)
def test_an_impossible_search_is_refused_before_anything_is_written(tmp_path, wish, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        search_recipe.search("digits_mlp", {}, runs=tmp_path / "runs", **wish)
    assert not (tmp_path / "runs").exists()
    with pytest.raises(LookupError, match="no 'coarse' in search"):
        visus.fit("digits", runs=tmp_path / "runs", strategy="coarse")
    assert not (tmp_path / "runs").exists()


# The number format is named: two searches that measure which one is fastest may choose differently.
QUICK = {"epochs": "1", "hidden": "8", "lr": "1e-3..1", "dropout": "0.1", "arithmetic": "float32"}


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    show = Lines()
    found = search_recipe.search("digits_mlp", QUICK, trials=9, seeds=2, runs=tmp_path_factory.mktemp("s"), show=show)
    return found, show


def test_a_search_leaves_rounds_trials_repeats_and_a_command(searched):
    found, show = searched
    run = Run(found.folder)
    assert len(list(run.events("trial"))) >= 9
    rounds = list(run.events("round"))
    assert [event["number"] for event in rounds] == list(range(1, len(rounds) + 1))
    assert sum(text.startswith("search     round") for text in show.said) == len(rounds)
    assert "lr 0.001 to 1" in show.said[0]
    repeats = list(run.events("repeat"))
    assert {event["seed"] for event in repeats} == {1, 2}
    assert found.best in [event["settings"] for event in repeats]
    assert found.command.startswith("visus train digits_mlp epochs=1")
    assert f"lr={found.best['lr']:.6g}" in found.command
    row = found.verdict.detail["repeats"][0]
    assert row["low"] <= row["mean"] <= row["high"]
    assert row["mean"] == pytest.approx(np.mean(row["scores"]))


def test_its_report_shows_rounds_ranges_repeats_and_what_to_type(searched):
    found, _ = searched
    page = render(Run(found.folder))
    for text in ("Rounds", "The best again, with other seeds", "0.001 to 1", "interval of the mean over seeds"):
        assert text in page
    assert found.command in page
    assert "not run" not in page


class StopAt(Silent):
    """Presses Ctrl-C when the search has come so far."""

    def __init__(self, done):
        self.done, self.pressed = done, False

    def progress(self, what, done, total, text=""):
        if not self.pressed and what == "search" and done >= self.done:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("done", [4, 11])
def test_stopped_in_a_round_or_in_the_repeats_and_resumed_it_ends_as_if_never_stopped(searched, tmp_path, done):
    found, _ = searched
    with pytest.raises(InterruptedRunError, match="stopped in search; `visus resume"):
        search_recipe.search("digits_mlp", QUICK, trials=9, seeds=2, runs=tmp_path, show=StopAt(done))
    (folder,) = [path.parent for path in tmp_path.glob("*/run.json")]
    made = sum(1 for _ in Run(folder).events("trial", "repeat"))
    assert made >= done
    assert api.resume(folder).healthy
    for kind in ("trial", "repeat", "round"):
        both = [[_timeless(event) for event in Run(f).events(kind)] for f in (found.folder, folder)]
        assert both[0] == both[1]
    assert Run(folder).verdict("search")["line"] == found.verdict.line


def _timeless(event):
    return {name: value for name, value in event.items() if name not in ("time", "seconds")}


def test_a_finished_search_is_not_made_again(searched):
    found, _ = searched
    before = len(list(Run(found.folder).events("trial")))
    assert search_recipe.resume(found.folder).best == found.best
    assert len(list(Run(found.folder).events("trial"))) == before


def test_side_by_side_is_the_same_search_and_leaves_no_process(searched, tmp_path):
    found, _ = searched
    again = search_recipe.search("digits_mlp", QUICK, trials=9, seeds=2, runs=tmp_path, workers=2)
    plan = next(iter(Run(again.folder).events("search_plan")))
    assert (plan["way"], plan["workers"]) == (_ways.SIDE_BY_SIDE, 2)
    trials = [[_timeless(event) for event in Run(f).events("trial")] for f in (found.folder, again.folder)]
    assert trials[0] == trials[1]
    assert again.best == found.best


def test_what_remembers_is_searched_over_listed_values(tmp_path):
    found = search_recipe.search("digits_knn", {"k": "1,200"}, strategy="grid", trials=3, runs=tmp_path)
    assert found.best == {"k": 1}
    assert found.command == "visus train digits_knn k=1"


def plan_of(*rounds):
    return _hunt.Plan("random", rounds)


def searched_with(*trials):
    return Search(list(trials), {"lr": Span(1e-3, 1.0, log=True)}, lengths={1: 1})


def test_a_winner_is_only_called_better_when_it_is():
    a, b = {"lr": 0.1}, {"lr": 0.01}
    found = searched_with(Trial(1, a, 0.9), Trial(1, b, 0.8))
    clear = [_hunt.Repeated(a, [0.90, 0.91, 0.90]), _hunt.Repeated(b, [0.80, 0.81, 0.81])]
    verdict = _search_verdict.judge({}, found, clear, plan_of(Round(2, 1)))
    assert verdict.detail["clear"] is True
    assert ", clearly better than the second" in verdict.line
    assert verdict.detail["lead"]["mean"] == pytest.approx(0.2900 / 3)
    open_ = [_hunt.Repeated(a, [0.90, 0.80, 0.85]), _hunt.Repeated(b, [0.80, 0.89, 0.84])]
    verdict = _search_verdict.judge({}, found, open_, plan_of(Round(2, 1)))
    assert verdict.detail["clear"] is False
    assert "not clearly better" in verdict.line


def test_settings_that_diverge_with_another_seed_cannot_win():
    a, b = {"lr": 0.1}, {"lr": 0.01}
    found = searched_with(Trial(1, a, 0.9), Trial(1, b, 0.8))
    best_first = [_hunt.Repeated(b, [0.8, 0.8]), _hunt.Repeated(a, [0.9, None])]
    verdict = _search_verdict.judge({}, found, best_first, plan_of(Round(2, 1)))
    assert verdict.detail["best"] == b
    assert "better than the others, which diverged" in verdict.line
    verdict = _search_verdict.judge({}, found, [_hunt.Repeated(a, [None, None])], plan_of(Round(2, 1)))
    assert verdict.severity == "warning"
    json.dumps(dict(verdict.detail))


def test_a_population_is_what_the_stage_uses_for_linear_models(stripes, tmp_path, monkeypatch):
    calls = []
    really = _population.trials_at_once
    monkeypatch.setattr(
        _population, "trials_at_once", lambda *what, **more: calls.append(len(what[2])) or really(*what, **more)
    )
    monkeypatch.setattr(stage, "TRIALS", 9)
    settings = {"model": "linear", "epochs": 2, "arithmetic": "float32"}
    skip = ["baselines", "checks", "test", "report"]
    run = visus.fit(stripes, runs=tmp_path, strategy="random", skip=skip, **settings)
    assert calls[0] == 9
    detail = Run(run.folder).verdict("search")["detail"]
    assert (detail["strategy"], detail["way"]) == ("random", _ways.ALL_AT_ONCE)
