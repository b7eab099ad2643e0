"""`visus play`: what it tells, what it films, and what it refuses in one sentence."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from visus.cli._app import run as visus
from visus.recipes import _acting
from visus.ship import model as ship
from visus.ship.kinds import acting
from visus.worlds import _episodes
from visus.worlds._open import opener
from visus.worlds._side_by_side import SideBySide

SMALL = "limit=30"


class Trained:
    def __init__(self, model, known):
        self.model, self.facts = model, known


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run folder with a table that was never trained, in a grid world of 30 steps."""
    monkeypatch.chdir(tmp_path)
    worlds = SideBySide(opener("grid_world"))
    known = _acting.player_facts("table", worlds, _acting.Stage(world="grid_world", options=SMALL), {})
    player = _acting.rebuild(known)
    player.q += torch.rand(player.q.shape, generator=torch.Generator().manual_seed(1))
    (tmp_path / "run").mkdir()
    acting.save(tmp_path / "run", Trained(player, known), {}, {})
    return "run"


def sentence(capsys, code, *words):
    """What is said where a command cannot be done, after it was seen to end with that code and in one line."""
    capsys.readouterr()
    assert visus(list(map(str, words))) == code
    said = capsys.readouterr().err
    assert said.startswith("visus: ")
    assert said.count("\n") == 1
    return said


def told(capsys, *words):
    """The JSON object of a command."""
    capsys.readouterr()
    assert visus([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_returns_are_those_of_the_player_and_random_play_stands_beside_them(run, capsys):
    found, played = told(capsys, "play", run, "-n", "12"), acting.load(run).play(12)
    assert found["returns"] == [one.total for one in played]
    assert found["lengths"] == [one.length for one in played]
    assert found["mean"] == pytest.approx(np.mean(found["returns"]))
    assert found["low"] <= found["mean"] <= found["high"]
    make = acting.load(run).makes()
    chance = _episodes.play(make, _episodes.at_random(make().actions), 12, stream=_acting.SHOWN)
    assert found["random"] == pytest.approx(np.mean([one.total for one in chance]))
    assert told(capsys, "play", run, "--random", "-n", "12")["mean"] == pytest.approx(found["random"])


def test_few_episodes_are_told_one_by_one_and_many_are_summed_up(run, capsys):
    assert visus(["play", run, "-n", "3"]) == 0
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 4 + 2
    assert "3 episodes" in said
    assert "random play from the same starts" in said
    assert visus(["play", run, "-n", "40"]) == 0
    said = capsys.readouterr().out
    assert "95 % interval" in said
    assert len(said.splitlines()) == 2
    assert visus(["play", run, "-n", "1"]) == 0
    assert "interval" not in capsys.readouterr().out


def test_the_same_seed_plays_the_same(run, capsys):
    assert told(capsys, "play", run)["lengths"] == told(capsys, "play", run)["lengths"]
    assert told(capsys, "play", run, "--random") != told(capsys, "play", run, "--random", "--seed", "1")


def test_the_world_may_be_changed(run, capsys):
    assert max(told(capsys, "play", run, "--random", "-n", "30")["lengths"]) == 30
    assert max(told(capsys, "play", run, "limit=4", "--random", "-n", "30")["lengths"]) == 4


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("which", ["best", "worst", "median", "3"])
def test_the_episode_that_was_asked_for_is_filmed(run, tmp_path, capsys, suffix, which):
    found = told(capsys, "play", run, "--random", "-n", "5")["returns"]
    order = np.argsort(found, kind="stable")
    number = {"best": order[4], "worst": order[0], "median": order[2]}.get(which, 3)
    path = tmp_path / "films" / f"out{suffix}"
    words = ["play", run, "--random", "-n", "5", "--video", str(path), "--episode", which, "--scale", "0.3"]
    assert visus(words) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"episode {number}, return {found[number]:.5g}" in last
    with Image.open(path) as picture:
        assert picture.is_animated
    assert list(path.parent.iterdir()) == [path]


def test_pictures_last_as_long_as_asked_for(run, tmp_path):
    words = ["play", run, "--random", "-n", "1", "limit=5", "--scale", "0.3", "--annotate", "--video"]
    for name, fps, each in (("slow.webp", "2", 500), ("fast.webp", "10", 100)):
        assert visus([*words, name, "--fps", fps]) == 0
        with Image.open(tmp_path / name) as picture:
            picture.seek(1)
            picture.load()
            assert picture.info["duration"] == each


def test_random_play_needs_no_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = told(capsys, "play", "--random", "--world", "grid_world", "limit=3", "-n", "4")
    assert found["random"] is None
    assert max(found["lengths"]) <= 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "visus play --random --world CartPole-v1"),
        (["--world", "grid_world"], 2, "name the run that is to play"),
        (["nowhere"], 1, "holds no trained model"),
        (["run", "-n", "0"], 2, "-n"),
        (["run", "slip"], 2, "written name=value"),
        (["run", "slope=1"], 1, "slope"),
        (["run", "--episode", "10"], 2, "0 to 9; got '10'"),
        (["run", "--episode", "first"], 2, "median, best, worst"),
        (["run", "--video", "out.avi"], 1, "call it out.gif"),
        (["run", "--random", "--drawn"], 2, "give one of them"),
        (["run", "--world", "grid_wrld"], 1, "grid_world"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else None,
)
def test_what_cannot_be_played_is_one_sentence(run, capsys, words, code, said):
    assert said in sentence(capsys, code, "play", *words)


BLIND = """
import numpy as np
from visus.geometry.spaces import Choices, Observed
from visus.worlds._contract import Step, World

class Dark(World):
    name, observed, actions = "the dark", Observed((1,)), Choices(2)
    def reset(self, seed):
        return np.zeros(1, np.float32)
    def step(self, action):
        raise AssertionError("it was played before it was found out that it cannot be drawn")

def build():
    return Dark()
"""


def test_a_world_that_cannot_be_drawn_is_refused_before_it_is_played(tmp_path, capsys):
    (tmp_path / "dark.py").write_text(BLIND)
    words = ["play", "--random", "--world", tmp_path / "dark.py", "--video", tmp_path / "out.gif"]
    assert "the dark cannot be drawn" in sentence(capsys, 1, *words)


def test_models_of_something_else_are_sent_where_they_belong(run, tmp_path, capsys):
    (tmp_path / "text").mkdir()
    ship.save(tmp_path / "text", torch.nn.Linear(1, 1), {"tells": "text"}, "")
    assert "use `visus sample text`" in sentence(capsys, 1, "play", "text")
    assert "`visus play run`" in sentence(capsys, 1, "sample", run)
    assert "`visus play`" in sentence(capsys, 1, "predict", run, tmp_path)
    assert "`visus play`" in sentence(capsys, 1, "explain", run)
    assert "`visus play`" in sentence(capsys, 1, "attack", run)
    assert "see its card.md" in sentence(capsys, 1, "latent", run)


def test_ctrl_c_stops_and_leaves_nothing_half(run, tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("visus.worlds.grid_world.GridWorld.picture", interrupted)
    assert "stopped" in sentence(capsys, 1, "play", run, "--random", "--video", "out.gif")
    assert not list(tmp_path.glob("*.gif"))
