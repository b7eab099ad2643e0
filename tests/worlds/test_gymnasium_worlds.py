"""Environments of Gymnasium as worlds, against Gymnasium itself."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.spaces.utils import flatten

from visus.geometry.spaces import Amounts, Choices
from visus.worlds import _gymnasium, _spaces
from visus.worlds._gymnasium import Adapted, adapted
from visus.worlds._open import opener


class Plain(gymnasium.Env):
    """Shows samples of a space, and remembers what was done."""

    metadata = {}  # noqa: RUF012 - as Gymnasium has it

    def __init__(self, observation_space, action_space):
        self.observation_space, self.action_space = observation_space, action_space
        self.done = []

    def reset(self, *, seed=None, options=None):
        self.observation_space.seed(seed)
        self.shown = self.observation_space.sample()
        return self.shown, {}

    def step(self, action):
        self.done.append(action)
        self.shown = self.observation_space.sample()
        return self.shown, 0, False, False, {}


@pytest.mark.parametrize("name", ["CartPole-v1", "LunarLander-v3", "Acrobot-v1", "MountainCar-v0", "Pendulum-v1"])
def test_goes_as_gymnasium_goes(name):
    ours, theirs = opener(name)(), gymnasium.make(name)
    np.testing.assert_array_equal(ours.reset(7), theirs.reset(seed=7)[0])
    dice = np.random.default_rng(0)
    for _ in range(250):
        action = ours.actions.drawn(1, dice)[0]
        found = ours.step(action if isinstance(ours.actions, Amounts) else int(action))
        seen, reward, terminated, truncated, _ = theirs.step(action)
        np.testing.assert_array_equal(found.observation, seen.astype(np.float32))
        assert found.reward == pytest.approx(float(reward))
        assert (found.ended, found.cut) == (terminated, truncated and not terminated)
        if found.over:
            break
    theirs.close()


def test_a_time_limit_cuts_and_a_fall_ends():
    world = opener("CartPole-v1")()
    seen, steps = world.reset(0), 0
    while True:
        position, speed, angle, turning = seen
        found = world.step(int(angle + 0.3 * turning + 0.05 * position + 0.1 * speed > 0))
        seen, steps = found.observation, steps + 1
        if found.over:
            break
    assert (steps, found.ended, found.cut) == (500, False, True)
    world.reset(0)
    while not (found := world.step(1)).over:
        pass
    assert (found.ended, found.cut) == (True, False)


def test_a_limit_can_be_named_and_taken_away():
    assert opener("CartPole-v1", "limit=7")().limit == 7
    world = opener("Pendulum-v1", "limit=0")()
    world.reset(0)
    assert not any(world.step(np.zeros(1, np.float32)).over for _ in range(250))


def test_tells_what_is_known_of_it():
    world = opener("CartPole-v1")()
    assert (world.limit, world.solved, world.fps) == (500, 475.0, 50.0)
    assert world.actions.names == ("left", "right")
    assert opener("LunarLander-v3", "continuous=yes")().actions.size == 2


@pytest.mark.parametrize(
    ("space", "shape", "dtype"),
    [
        (spaces.Box(-1, 1, (3,), np.float64), (3,), "float32"),
        (spaces.Box(-1, 1, (2, 3), np.float32), (2, 3), "float32"),
        (spaces.Box(-1, 1, (), np.float32), (1,), "float32"),
        (spaces.Box(0, 9, (4,), np.int64), (4,), "float32"),
        (spaces.Box(0, 255, (128,), np.uint8), (128,), "float32"),
        (spaces.Box(0, 255, (20, 30), np.uint8), (1, 20, 30), "uint8"),
        (spaces.Box(0, 255, (20, 30, 3), np.uint8), (3, 20, 30), "uint8"),
        (spaces.Box(0, 255, (4, 20, 30), np.uint8), (4, 20, 30), "uint8"),
        (spaces.Discrete(5, start=3), (5,), "float32"),
        (spaces.MultiDiscrete([2, 3]), (5,), "float32"),
        (spaces.MultiBinary(6), (6,), "float32"),
        (spaces.Tuple([spaces.Discrete(3), spaces.Box(0, 1, (2,))]), (5,), "float32"),
        (spaces.Dict(b=spaces.Box(0, 1, (2, 2)), a=spaces.Discrete(2)), (6,), "float32"),
    ],
    ids=str,
)
def test_a_space_is_seen_as_an_array(space, shape, dtype):
    env = Plain(space, spaces.Discrete(2))
    world = adapted(env, "plain")
    for show in (lambda: world.reset(1), lambda: world.step(0).observation):
        seen = show()
        assert (world.observed.shape, world.observed.dtype) == (shape, dtype)
        assert (seen.shape, seen.dtype) == (shape, np.dtype(dtype))
        want = flatten(space, env.shown).astype(np.float32)
        if len(shape) == 3:
            want = env.shown.transpose(2, 0, 1).ravel() if env.shown.shape[-1] == 3 else env.shown.ravel()
        np.testing.assert_allclose(seen.ravel() * (255 if shape == (128,) else 1), want, rtol=1e-6)
        assert not np.shares_memory(seen, env.shown) if isinstance(env.shown, np.ndarray) else True


def test_a_counted_observation_has_states():
    world = adapted(Plain(spaces.Discrete(5, start=3), spaces.Discrete(2)), "plain")
    assert world.observed.states == 5
    assert world.reset(0).argmax() + 3 == world.env.shown


@pytest.mark.parametrize(
    "space",
    [
        spaces.Tuple([spaces.Discrete(4), spaces.Discrete(3, start=2), spaces.Discrete(2)]),
        spaces.MultiDiscrete([4, 3, 2], start=[0, 2, 0]),
        spaces.MultiBinary(4),
        spaces.MultiDiscrete([100, 60]),
    ],
    ids=str,
)
def test_counted_parts_are_states_where_it_is_asked(space):
    world = Adapted(Plain(space, spaces.Discrete(2)), "plain", counted=True)
    state_of = {}
    for seed in range(300):
        seen, shown = world.reset(seed), tuple(map(int, world.env.shown))
        assert seen.shape == (world.observed.states,)
        assert seen.sum() == seen.max() == 1
        state_of.setdefault(shown, set()).add(int(seen.argmax()))
    assert all(len(states) == 1 for states in state_of.values())
    assert len({min(states) for states in state_of.values()}) == len(state_of)


def test_blackjack_has_704_states():
    assert opener("Blackjack-v1", "counted=yes")().observed.states == 32 * 11 * 2


@pytest.mark.parametrize(
    ("space", "sentence"),
    [
        (spaces.Box(0, 1, (2,)), "odd is seen as a Box, which cannot be counted"),
        (spaces.MultiBinary(30), "odd has 1073741824 states, at most 20000 are counted"),
    ],
    ids=["box", "many"],
)
def test_what_cannot_be_counted_is_refused(space, sentence):
    with pytest.raises(ValueError, match=sentence):
        Adapted(Plain(space, spaces.Discrete(2)), "odd", counted=True)


def test_actions_arrive_as_the_space_has_them():
    counted = Plain(spaces.Discrete(2), spaces.Discrete(4, start=-1))
    world = adapted(counted, "plain")
    assert world.actions == Choices(4)
    world.reset(0)
    for action in range(4):
        world.step(action)
    assert counted.done == [-1, 0, 1, 2]
    measured = Plain(spaces.Discrete(2), spaces.Box(-2, 3, (2, 2), np.float64))
    world = adapted(measured, "plain")
    assert (world.actions.low.tolist(), world.actions.high.tolist()) == ([-2] * 4, [3] * 4)
    world.reset(0)
    world.step(np.arange(4, dtype=np.float32))
    assert measured.action_space.contains(measured.done[0]) or measured.done[0].dtype == np.float64
    assert measured.done[0].tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("observation_space", "action_space", "sentence"),
    [
        (spaces.Discrete(2), spaces.MultiDiscrete([2, 2]), r"odd is acted in by a MultiDiscrete; .*\(Discrete\)"),
        (spaces.Discrete(2), spaces.MultiBinary(3), r"odd is acted in by a MultiBinary"),
        (spaces.Discrete(2), spaces.Box(0, 9, (2,), np.int64), r"odd is acted in by a Box"),
        (spaces.Text(5), spaces.Discrete(2), r"odd is seen as a Text, which has no fixed number of values"),
        (spaces.Sequence(spaces.Discrete(2)), spaces.Discrete(2), r"odd is seen as a Sequence"),
        (spaces.Dict(a=spaces.Sequence(spaces.Discrete(2))), spaces.Discrete(2), r"odd is seen as a Dict"),
    ],
    ids=["multi-discrete", "multi-binary", "whole-numbers", "text", "sequence", "dict"],
)
def test_a_space_that_cannot_be_taken_is_refused(observation_space, action_space, sentence):
    with pytest.raises(ValueError, match=sentence):
        adapted(Plain(observation_space, action_space), "odd")


@pytest.mark.parametrize("name", ["FrozenLake-v1", "FrozenLake8x8-v1", "CliffWalking-v1", "Taxi-v4"])
def test_tables_say_what_the_environment_lists(name):
    world = opener(name)()
    tables, listed = world.tables(), world.env.unwrapped.P
    for state in range(0, len(listed), 7):
        if tables.ends[state]:
            continue
        for action, outcomes in listed[state].items():
            for after in {following for _, following, _, _ in outcomes}:
                chance = sum(p for p, following, _, _ in outcomes if following == after)
                assert float(tables.moves[state, action, after]) == pytest.approx(chance)
            assert float(tables.rewards[state, action]) == pytest.approx(sum(p * r for p, _, r, _ in outcomes))
    np.testing.assert_allclose(tables.start, world.env.unwrapped.initial_state_distrib)


def test_tables_that_states_cannot_hold_are_none():
    there, back = (1.0, 1, 0.0, True), (1.0, 1, 0.0, False)  # state 1 ends an episode after one action only
    assert (
        _spaces.tables({0: {0: [there], 1: [back]}, 1: {0: [back], 1: [back]}}, np.array([1.0, 0]), Choices(2)) is None
    )


def test_maps_are_read():
    assert opener("FrozenLake-v1")().layout().rows == ("S...", ".P.P", "...P", "P..G")
    assert opener("CliffWalking-v1")().layout().rows == ("." * 12,) * 3 + ("S" + "C" * 10 + "G",)
    assert opener("Taxi-v4")().layout() is None
    assert opener("CartPole-v1")().layout() is None


def test_what_gymnasium_warns_of_does_not_reach_the_user(recwarn):
    world = opener("CartPole-v0")()  # an old version
    world.reset(0)
    world.picture()
    assert not recwarn.list


def test_pictures_wait_for_an_episode():
    with pytest.raises(ValueError, match="CartPole-v1 has no episode to draw yet"):
        opener("CartPole-v1")().picture()


def test_an_environment_that_cannot_be_drawn_says_so():
    world = adapted(Plain(spaces.Discrete(2), spaces.Discrete(2)), "plain")
    world.reset(0)
    with pytest.raises(ValueError, match="plain cannot be drawn; it has no render mode"):
        world.picture()


def test_ids_are_the_newest_of_what_is_there():
    known = _gymnasium.ids()
    assert "CartPole-v1" in known["classic_control"]
    assert "CartPole-v0" not in known["classic_control"]
    assert set(known) >= {"classic_control", "box2d", "toy_text"}
