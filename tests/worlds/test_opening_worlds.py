"""Opening a world by its name: what can be typed, and what is said of a name or an option that cannot be."""

import builtins
import sys
from typing import Literal

import pytest

from visus.worlds import _options
from visus.worlds._open import opener
from visus.worlds._side_by_side import SideBySide

OWN = '''
"""Mine."""
import numpy as np
from visus.geometry.spaces import Choices, Observed
from visus.worlds._contract import Step, World


class Mine(World):
    name, observed, actions = "mine", Observed((1,)), Choices(2)

    def __init__(self, length: int) -> None:
        self.length = length

    def reset(self, seed):
        self.steps = 0
        return np.zeros(1, np.float32)

    def step(self, action):
        self.steps += 1
        over = self.steps == self.length
        return Step(np.full(1, self.steps, np.float32), 1.0, over, False, over)


def build(length: int = 3) -> World:
    return Mine(length)
'''
THEIRS = '''
"""An environment of Gymnasium, wrapped."""
import gymnasium


def build(scale: float = 1.0):
    return gymnasium.wrappers.TransformReward(gymnasium.make("CartPole-v1"), lambda reward: scale * reward)
'''


@pytest.fixture
def written(tmp_path):
    def write(text, name="my_world.py"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_a_file_of_yours_is_a_world_with_its_settings(written):
    world = opener(written(OWN), "length=5")()
    world.reset(0)
    assert [world.step(0).over for _ in range(5)] == [False] * 4 + [True]


def test_a_file_of_yours_may_give_an_environment_of_gymnasium(written):
    worlds = SideBySide(opener(written(THEIRS), "scale=0.5"), 2)
    assert worlds.limit == 500
    assert worlds.step(worlds.actions.drawn(2, __import__("numpy").random.default_rng(0))).rewards.tolist() == [
        0.5,
        0.5,
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1", r"my_world\.py has no `build`"),
        ("raise KeyError('lost')", r"my_world\.py cannot be read as a world: KeyError: 'lost'"),
        ("def build(:", r"cannot be read as a world: SyntaxError"),
        ("def build():\n    return 3", r"my_world\.py gave a int where a World"),
        ("def build(**settings):\n    return settings['a']", r"cannot be made"),
    ],
    ids=["no-build", "fails", "syntax", "other", "key"],
)
def test_a_file_that_is_no_world_is_told_in_a_sentence(written, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        opener(written(text))


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(LookupError, match=r"no file nowhere\.py with a world"):
        opener("nowhere.py")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CartPol-v1", "CartPole-v1"),
        ("CartPole", "CartPole-v1"),
        ("LunarLander-v2", "LunarLander-v3"),
        ("gridworld", "grid_world"),
        ("Taxi-v3", "Taxi-v4"),
    ],
)
def test_an_unknown_world_gets_the_nearest_name(name, nearest):
    with pytest.raises(LookupError, match=f"no world '{name}'. Did you mean '{nearest}'\\?"):
        opener(name)


def test_a_module_that_registers_environments_can_be_named(tmp_path, monkeypatch):
    (tmp_path / "my_envs.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Short-v0', 'gymnasium.envs.classic_control.cartpole:CartPoleEnv', max_episode_steps=9)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert opener("my_envs:Short-v0")().limit == 9
    with pytest.raises(LookupError, match="no module 'your_envs' for the world your_envs:Short-v0"):
        opener("your_envs:Short-v0")


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("FrozenLake-v1", "is_slipery=no", r"has no option 'is_slipery'\. Did you mean 'is_slippery'\?"),
        ("FrozenLake-v1", "is_slippery=maybe", r"is_slippery of FrozenLake-v1 must be yes or no; got 'maybe'"),
        ("FrozenLake-v1", "map_name=9x9", r"FrozenLake-v1 cannot be made"),
        ("LunarLander-v3", "gravity=low", r"gravity of LunarLander-v3 must be a number; got 'low'"),
        ("CartPole-v1", "limit=1.5", r"limit of CartPole-v1 must be a whole number; got '1.5'"),
        ("CartPole-v1", "fast", r"written name=value, for example limit=200; got 'fast'"),
        ("CartPole-v1", "render_mode=human", r"has no option 'render_mode'"),
    ],
    ids=["unknown", "yes-no", "map", "number", "whole", "no-value", "render"],
)
def test_an_option_that_cannot_be_is_told_in_a_sentence(name, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        opener(name, options)


def test_options_are_read_as_their_kind():
    def build(
        a: int = 1, b: float = 0.5, c: bool = False, d: str = "x", e: Literal["p", 2] = "p", f: int | None = None
    ):
        pass

    def untold(a=1, b=0.5, c=None):
        pass

    assert _options.read("w", build, "a=2, b=3,c=yes,d=no,e=2,f=4") == {
        "a": 2,
        "b": 3.0,
        "c": True,
        "d": "no",
        "e": 2,
        "f": 4,
    }
    assert _options.read("w", untold, "a=2,b=1e-3,c=off,") == {"a": 2, "b": 0.001, "c": False}
    assert _options.read("w", untold, "c=8x8") == {"c": "8x8"}


@pytest.mark.parametrize(
    ("missing", "name", "command"),
    [
        ("gymnasium", "CartPole-v1", r"pip install 'visus\[rl\]'"),
        ("Box2D", "LunarLander-v3", r"LunarLander-v3 needs more: pip install 'visus\[rl\]'"),
        ("mujoco", "Ant-v5", r"Ant-v5 needs more: pip install 'gymnasium\[mujoco\]'"),
        ("ale_py", "ALE/Pong-v5", r"ALE/Pong-v5 needs the Atari games: pip install 'visus\[atari\]'"),
    ],
)
def test_a_missing_extra_is_told_with_the_command(monkeypatch, missing, name, command):
    usual = builtins.__import__

    def without(wanted, *rest, **more):
        if wanted.partition(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)
        return usual(wanted, *rest, **more)

    loaded = [known for known in sys.modules if known.partition(".")[0] == missing]
    if missing == "Box2D":
        loaded += [known for known in sys.modules if known.startswith("gymnasium.envs.box2d")]
    for known in loaded:
        monkeypatch.delitem(sys.modules, known)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises((LookupError, ValueError), match=command):
        opener(name)
