"""`visus worlds`: the list, one world, and what is said of a world that is wrong."""

from visus.cli._app import run

WRONG = """
import numpy as np
from visus.geometry.spaces import Choices, Observed
from visus.worlds._contract import Step, World


class Wrong(World):
    name, observed, actions = "wrong", Observed((1,)), Choices(2)

    def reset(self, seed):
        self.steps = 0
        return np.zeros(1, np.float32)

    def step(self, action):
        self.steps += 1
        return Step(np.full(1, np.nan, np.float32), 1.0, self.steps == 3, False, self.steps == 3)


def build():
    return Wrong()
"""


def said(capsys):
    out = capsys.readouterr()
    return " ".join((out.out + out.err).split())


def test_lists_our_worlds_and_those_of_gymnasium(capsys):
    assert run(["worlds"]) == 0
    out = said(capsys)
    assert "grid_world Grid world: a map of cells" in out
    assert "classic_control CartPole-v1" in out
    assert "LunarLander-v3" in out


def test_looks_at_one(capsys):
    assert run(["worlds", "grid_world", "map=cliff", "-n", "5"]) == 0
    out = said(capsys)
    assert "one of 48 states; all its chances are known" in out
    assert "4 to choose from: up, right, down, left" in out
    assert "is cut after 200 steps" in out
    assert "options map=russell_norvig, slip=, step=, limit=200, start=map" in out
    assert "of 5 episodes" in out


def test_says_what_solves_it_and_what_random_play_earns(capsys):
    assert run(["worlds", "CartPole-v1", "-n", "20"]) == 0
    out = said(capsys)
    assert "solved by a mean return of 475" in out
    assert "random play return 2" in out  # 22 or so
    assert run(["worlds", "Pendulum-v1", "-n", "2"]) == 0
    assert "actions -2 to 2" in said(capsys)


def test_tells_what_is_wrong_with_a_file_of_yours(tmp_path, capsys):
    (tmp_path / "wrong.py").write_text(WRONG)
    assert run(["worlds", str(tmp_path / "wrong.py")]) == 1
    out = said(capsys)
    assert "! it showed nan in step 1 of episode 0" in out
    assert "options none" in out
    assert "random play stopped: wrong showed nan" in out


def test_an_unknown_name_is_one_line(capsys):
    assert run(["worlds", "CartPol-v1"]) == 2
    assert said(capsys).startswith("visus: no world 'CartPol-v1'. Did you mean 'CartPole-v1'?")
    assert run(["worlds", "grid_world", "mp=cliff"]) == 1
    assert said(capsys).startswith("visus: grid_world has no option 'mp'. Did you mean 'map'?")
