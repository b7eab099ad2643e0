"""Acting as a subject: recognised, taken through every stage, tested once, stopped anywhere and resumed, evaluated."""

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors import safe_open

import visus
from visus.doctor import preflight
from visus.playbook import _acting_evidence, api
from visus.playbook._session import Silent
from visus.playbook.evaluate import evaluate
from visus.playbook.subjects import _subject, acting
from visus.playbook.subjects._acting import ground
from visus.recipes._acting import TESTED
from visus.runs import checkpoint, recorder
from visus.runs.reader import EVIDENCE, Run
from visus.ship.opened import opened

from .shows import STAGES, Lines

TABLE = {"task": "q_learning", "epoch": 200, "epochs": 3, "episodes": 4}
SHORT = {"epoch": 60, "epochs": 3, "episodes": 2, "arithmetic": "float32", "hidden": 8, "device": "cpu"}
METHODS = {  # small, and with batches that end neither with an epoch nor with an episode
    "dqn": {"memory": 100, "warm_up": 10, "train_every": 2, "batch": 8, "target_every": 7},
    "ppo": {"worlds": 2, "rollout": 10, "passes": 3, "batch": 5},
    "a2c": {"worlds": 3, "rollout": 4},
    "reinforce": {"steps": 30},
}
CHECKPOINTS = "checkpoints"


@pytest.fixture(scope="module", autouse=True)
def _short():
    """What is tested here is the sequence of stages, not how well a player learns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preflight, "names", lambda: ["gradient"])
        patch.setattr(ground, "EPISODES", 20)
        patch.setattr(_acting_evidence, "EPISODES", 4)
        patch.setattr(_acting_evidence, "FRAMES", 12)
        yield


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A run through all eight stages, and what it said."""
    show = Lines()
    return visus.fit("grid_world", runs=tmp_path_factory.mktemp("runs"), show=show, **TABLE), show


# ---- what a source and a task mean


@pytest.mark.parametrize(
    ("source", "about"),
    [
        ("CartPole-v1", "acting"), ("ALE/Pong-v5", "acting"), ("PongNoFrameskip-v4", "acting"),
        ("grid_world", "acting"),
        ("digits", "pictures"), ("mnist", "pictures"), ("fashion-mnist", "pictures"), ("photos-v1b", "pictures"),
    ],
)  # fmt: skip
def test_what_looks_like_a_world_is_recognised(source, about):
    assert _subject.recognised(source) == about


def test_a_python_file_is_a_world_and_a_folder_with_the_name_of_an_id_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "photos-v1").mkdir()
    assert _subject.recognised("mine.py") == "acting"
    assert _subject.recognised("photos-v1") == "pictures"


@pytest.mark.parametrize(
    ("source", "task", "recipe"),
    [("CartPole-v1", "", "ppo_cartpole"), ("Blackjack-v1", "", "ppo"), ("CartPole-v1", "dqn", "dqn")],
    ids=["made-for-it", "usual", "asked-for"],
)
def test_settings_made_for_a_world_are_taken_unless_a_recipe_is_named(source, task, recipe):
    assert acting.learned(source, {}, task) == recipe


# ---- the whole sequence


def test_every_stage_is_gone_through_and_says_its_figure(fitted):
    run, show = fitted
    assert run.healthy
    assert [stage for stage, _, _ in show.verdicts] == STAGES
    told = {stage: line for stage, line, _ in show.verdicts}
    assert "4 actions to choose from" in told["audit"]
    assert "begun by seeds that never meet; 20 are for the test" in told["split"]
    assert "random actions" in told["baselines"]
    assert "mean return" in told["test"]
    assert "first use of this test split" in told["test"]
    assert "is read as acting" in show.said[0]


def test_the_test_is_that_of_the_player_on_disk(fitted):
    run, _ = fitted
    test = Run(run.folder).verdict("test")["detail"]
    totals = np.array([told.total for told in opened(run.folder).play(20, 0, stream=TESTED)])
    assert test["score"] == pytest.approx(totals.mean())
    assert test["low"] <= test["score"] <= test["high"]
    assert test["rival"]["name"].startswith("player of")
    with safe_open(run.folder / EVIDENCE, "np") as file:
        assert np.allclose(file.get_tensor("acting.returns"), totals)
        counts = file.get_tensor("acting.counts")
        assert counts.sum() == file.get_tensor("acting.lengths").sum()
    assert test["said"] in (run.folder / "model" / "card.md").read_text()


def test_the_page_shows_an_episode_and_what_was_expected(fitted):
    page = " ".join(fitted[0].report.read_text().split())
    for words in (
        'id="acting"', "mean return on 20 test episodes", "data:image/webp;base64,", "Expected and earned",
        "What it does",
        "Against players that do not look", "Returns of episodes", "Is the world fit to act in?", "action values",
        "How often it tries a random action", "steps of the world",
    ):  # fmt: skip
        assert words.lower() in page.lower(), words
    assert "Test: not made" not in page
    assert "nan" not in page.replace("nanosecond", "")


def test_a_second_run_says_that_the_test_episodes_were_played_before_and_another_seed_has_its_own(fitted):
    uses = {}
    for seed in (0, 1):
        skip = ["checks", "search", "baselines", "report"]
        again = visus.fit("grid_world", runs=fitted[0].folder.parent, skip=skip, seed=seed, **TABLE)
        uses[seed] = Run(again.folder).verdict("test")["detail"]["use"]
    assert uses == {0: 2, 1: 1}


def test_stopped_before_the_test_and_resumed_it_ends_as_if_never_stopped(fitted, tmp_path):
    shutil.copytree(fitted[0].folder, tmp_path / "cut")
    lines = (tmp_path / "cut" / "events.jsonl").read_text().splitlines(keepends=True)
    until = next(number for number, line in enumerate(lines) if '"stage": "test"' in line)
    (tmp_path / "cut" / "events.jsonl").write_text("".join(lines[:until]))
    again = api.resume(tmp_path / "cut")
    scores = [Run(folder).verdict("test")["detail"]["score"] for folder in (again.folder, fitted[0].folder)]
    assert scores[0] == scores[1]


def test_a_network_is_searched_and_tested_as_a_table_is(tmp_path, monkeypatch):
    for name, value in {"TRIALS": 2, "EPOCHS": 0.4, "REPEATS": 0, "FEWER_TRIALS": 2, "FEWEST_STEPS": 1}.items():
        monkeypatch.setattr(f"visus.playbook.search.{name}", value)
    show = Lines()
    run = visus.fit("CartPole-v1", task="dqn", runs=tmp_path, show=show, seed=3, **settings_of("dqn"))
    told = {stage: line for stage, line, _ in show.verdicts}
    assert run.healthy
    assert "always left" in run.report.read_text()
    assert "mean return" in told["test"]
    assert "solves it" in told["audit"]


# ---- stopped anywhere


class KilledError(BaseException):
    """As a kill leaves it: nobody gets to write another word."""


DIE = """
import os, signal, sys
from visus.runs import recorder
after = recorder.Recorder.after_step

def killed(self, number, task):
    after(self, number, task)
    if number == int(sys.argv[1]):
        self.save(task, number + 1)
        os.kill(os.getpid(), signal.SIGKILL)

recorder.Recorder.after_step = killed
from visus.cli._app import run
run(sys.argv[2:])
"""


@pytest.fixture
def _plain(monkeypatch):
    """Without the pages, which take longer than such short trainings."""
    monkeypatch.setattr(_acting_evidence, "illustrate", lambda folder, show: None)
    monkeypatch.setattr(api, "write", lambda folder: None)


@pytest.mark.usefixtures("_plain")
@pytest.mark.parametrize(
    ("recipe", "step"), [("dqn", 61), ("ppo", 7), ("a2c", 5), ("reinforce", 3), ("q_learning", 131)]
)
def test_stopped_at_any_step_and_resumed_the_weights_are_bit_for_bit_the_same(recipe, step, tmp_path, monkeypatch):
    settings = settings_of(recipe)
    whole, _ = api.train_recipe(recipe, settings, tmp_path / "whole")
    after = recorder.Recorder.after_step

    def stopped(self, number, task):
        after(self, number, task)
        if number == step:
            self.save(task, number + 1)
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(recorder.Recorder, "after_step", stopped)
        with pytest.raises(KilledError):
            api.train_recipe(recipe, settings, tmp_path / "cut")
    ends_alike(whole, tmp_path / "cut", step)


@pytest.mark.usefixtures("_plain")
def test_killed_and_resumed_the_weights_are_bit_for_bit_the_same(tmp_path):
    whole, _ = api.train_recipe("dqn", settings_of("dqn"), tmp_path / "whole")
    (tmp_path / "die.py").write_text(DIE)
    words = [f"{name}={value}" for name, value in settings_of("dqn").items()]
    command = [sys.executable, tmp_path / "die.py", "50", "train", "dqn", *words, "--runs", tmp_path / "cut"]
    found = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, timeout=120)
    assert found.returncode == -signal.SIGKILL, found.stderr
    ends_alike(whole, tmp_path / "cut", 50)


def settings_of(recipe):
    return {**SHORT, **METHODS[recipe]} if recipe in METHODS else {n: v for n, v in TABLE.items() if n != "task"}


def ends_alike(whole, cut, step):
    """Resume the run below `cut`, which was stopped after `step`; it ends as the whole one did."""
    (cut,) = cut.iterdir()
    assert checkpoint.load(cut / CHECKPOINTS / recorder.LAST)["step"] == step + 1
    api.resume(cut)
    ends = [checkpoint.load(folder / CHECKPOINTS / recorder.LAST) for folder in (whole, cut)]
    for part in ("task", "objectives", "ongoing"):
        same(*(end[part] for end in ends))
    scores = [[event["scores"] for event in Run(folder).events("scores")] for folder in (whole, cut)]
    assert scores[0] == scores[1]


def same(one, other, where=""):
    """Both are equal to the last bit."""
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            same(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            same(a, b, f"{where}.{number}")
    else:
        assert one == other, where


# ---- other worlds, other words


def test_playing_elsewhere_is_counted_and_changed_rules_count_apart(fitted, tmp_path):
    shutil.copytree(fitted[0].folder, tmp_path / "runs" / "one")
    uses = [
        (found.n, found.use)
        for world in ("grid_world", "grid_world", "grid_world slip=0.5")
        for found in [evaluate(tmp_path / "runs" / "one", world, Silent())]
    ]
    assert uses == [(20, 1), (20, 2), (20, 1)]
    page = api.write(tmp_path / "runs" / "one").read_text()
    assert "Measured later" in page
    assert "mean return" in page


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        ({"source": "CartPol-v1"}, LookupError, "Did you mean 'CartPole-v1'"),
        ({"source": "CartPole-v1", "task": "dqm"}, LookupError, r"no task 'dqm' for acting\. Did you mean 'dqn'"),
        ({"source": "grid_world", "world": "corridor"}, ValueError, "world is what `fit` is given first"),
        ({"source": "grid_world", "options": "slp=0.1"}, ValueError, "no option 'slp'"),
    ],
    ids=["unknown-world", "unknown-recipe", "two-worlds", "unknown-option"],
)
def test_what_cannot_be_is_one_sentence_before_anything_is_written(words, error, told, tmp_path):
    with pytest.raises(error, match=told) as raised:
        visus.fit(runs=tmp_path / "runs", **words)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "runs").exists()


def test_a_player_refuses_a_world_of_another_kind_and_views_of_pictures(fitted):
    with pytest.raises(ValueError, match="the player was trained with float32"):
        evaluate(fitted[0].folder, "CartPole-v1", Silent())
    with pytest.raises(ValueError, match="views=six"):
        evaluate(fitted[0].folder, "grid_world", Silent(), "six")


BROKEN = """
import numpy as np
from visus.geometry.spaces import Choices, Observed
from visus.worlds._contract import Step, World

class Broken(World):
    name, observed, actions, limit = "broken", Observed((2,)), Choices(2), 10
    def reset(self, seed):
        self.t = 0
        return np.zeros(2, np.float32)
    def step(self, action):
        self.t += 1
        seen = np.full(2, np.nan if self.t > 3 else 0.5, np.float32)
        return Step(seen, 1.0, False, self.t >= 10, self.t >= 10)

def build():
    return Broken()
"""


def test_the_audit_stops_a_world_of_ones_own_that_gives_no_numbers_and_says_where(tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    show = Lines()
    run = visus.fit(tmp_path / "broken.py", task="ppo", runs=tmp_path / "runs", show=show, **SHORT)
    stage, line, severity = show.verdicts[0]
    assert not run.healthy
    assert (stage, severity) == ("audit", "blocker")
    assert "showed nan as value 0" in line
    assert "showed nan as value 0" in run.report.read_text()
