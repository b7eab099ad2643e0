"""Several copies of a world: who began when, what was reached, and the same place once more."""

import copy
import math

import numpy as np
import pytest

from visus.geometry.spaces import Amounts, Choices, Observed
from visus.worlds._contract import Step, World
from visus.worlds._open import opener
from visus.worlds._side_by_side import SideBySide


class Count(World):
    """Shows how many steps were taken; over after as many as its seed says, cut at every other seed."""

    name, observed, actions = "count", Observed((1,)), Choices(2)

    def reset(self, seed):
        self.seed, self.steps = seed, 0
        self.length = 3 + seed % 4
        return np.zeros(1, np.float32)

    def step(self, action):
        self.steps += 1
        over = self.steps == self.length
        cut = over and bool(self.seed % 2)
        return Step(np.full(1, self.steps, np.float32), float(action), over and not cut, cut, over)


class Broken(Count):
    """Goes wrong in its third step."""

    def __init__(self, how):
        self.how = how

    def step(self, action):
        found = super().step(action)
        return self.how(found) if self.steps == 3 else found


def go(worlds, steps, seed=0):
    dice = np.random.default_rng(seed)
    return [worlds.step(worlds.actions.drawn(worlds.n, dice)) for _ in range(steps)]


def test_an_episode_that_is_over_is_followed_by_the_first_observation_of_the_next():
    worlds = SideBySide(Count, 3, seed=1)
    lengths = [0, 0, 0]
    for found in go(worlds, 60):
        for i in range(3):
            lengths[i] += 1
            assert found.reached[i, 0] == lengths[i]
            assert found.observations[i, 0] == (0 if found.over[i] else lengths[i])
            assert found.over[i] == (found.ended[i] or found.cut[i])
            lengths[i] = 0 if found.over[i] else lengths[i]
    assert sum(worlds.begun) > 30


def test_totals_are_the_sums_of_rewards_between_two_ends():
    worlds = SideBySide(Count, 2, seed=3)
    sums, told, summed = np.zeros(2), [], []
    for found in go(worlds, 50):
        sums += found.rewards
        over = np.flatnonzero(found.over)
        assert len(found.finished) == len(over)
        told += [(episode.total, episode.cut) for episode in found.finished]
        summed += [(sums[i], bool(found.cut[i])) for i in over]
        sums[over] = 0
    assert told == summed
    assert {cut for _, cut in told} == {True, False}


def test_what_was_shown_is_never_written_over():
    worlds = SideBySide(opener("CartPole-v1"), 2)
    shown = [(found, copy.deepcopy(found)) for found in go(worlds, 40)]
    for now, then in shown:
        np.testing.assert_array_equal(now.observations, then.observations)
        np.testing.assert_array_equal(now.reached, then.reached)


def test_a_world_does_not_depend_on_how_many_stand_beside_it():
    few, many = SideBySide(opener("CartPole-v1"), 2, seed=5), SideBySide(opener("CartPole-v1"), 5, seed=5)
    for step in range(60):
        actions = np.arange(5) * step % 2
        ours, theirs = few.step(actions[:2]), many.step(actions)
        np.testing.assert_array_equal(ours.observations, theirs.observations[:2])


def test_seeds_streams_and_copies_begin_elsewhere():
    begun = [
        SideBySide(opener("CartPole-v1"), 2, seed, stream).observations for seed, stream in ((0, 0), (0, 1), (1, 0))
    ]
    assert len(np.unique(np.concatenate(begun), axis=0)) == 6


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("CartPole-v1", ""),
        ("LunarLander-v3", ""),
        ("Pendulum-v1", ""),
        ("grid_world", "slip=0.3"),
        ("catch", "stack=3"),
    ],
)
def test_a_saved_place_is_found_again_and_goes_on_alike(name, options):
    worlds = SideBySide(opener(name, options), 3, seed=2)
    go(worlds, 97, seed=1)
    state, seen = worlds.state(), worlds.observations.copy()
    other = SideBySide(opener(name, options), 3, seed=2)
    assert other.restore(state, seen) is True
    twin = copy.deepcopy(worlds)
    for ours, theirs, twins in zip(go(worlds, 80), go(other, 80), go(twin, 80), strict=True):
        for a, b, c in zip(ours, theirs, twins, strict=True):
            np.testing.assert_equal(a, b)
            np.testing.assert_equal(a, c)


def test_a_copy_leaves_the_original_where_it_stands():
    worlds = SideBySide(opener("CartPole-v1"), 2)
    go(worlds, 7)
    state, seen = worlds.state(), worlds.observations.copy()
    go(copy.deepcopy(worlds), 30)
    assert worlds.state() == state
    np.testing.assert_array_equal(worlds.observations, seen)
    alone = SideBySide(opener("CartPole-v1"), 2)
    go(alone, 7)
    np.testing.assert_array_equal(worlds.step(np.array([0, 1])).observations, alone.step(np.array([0, 1])).observations)


def test_a_world_that_draws_from_more_than_its_seed_begins_anew_and_says_so():
    class Forgetful(Count):
        made = 0

        def reset(self, seed):
            Forgetful.made += 1
            return super().reset(seed)

        def step(self, action):
            found = super().step(action)
            return found._replace(observation=found.observation + np.float32(Forgetful.made))

    worlds = SideBySide(Forgetful, 1)
    go(worlds, 2)
    assert worlds.restore(worlds.state(), worlds.observations.copy()) is False
    assert worlds.state()["done"] == [[]]


def test_restarting_plays_the_same_episodes_again():
    worlds = SideBySide(opener("FrozenLake-v1"), 2, seed=4)
    first = go(worlds, 50)
    worlds.restart()
    for once, again in zip(first, go(worlds, 50), strict=True):
        np.testing.assert_equal(once, again)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            lambda s: s._replace(observation=np.full(1, math.nan, np.float32)),
            r"showed nan as value 0 of its observation",
        ),
        (lambda s: s._replace(observation=np.full(1, -math.inf, np.float32)), r"showed -inf as value 0"),
        (
            lambda s: s._replace(observation=np.zeros(2, np.float32)),
            r"showed float32 \(2,\) .* promised float32 \(1,\)",
        ),
        (lambda s: s._replace(observation=np.zeros(1)), r"showed float64 \(1,\)"),
        (lambda s: s._replace(reward=math.nan), r"gave the reward nan"),
        (lambda s: {}["lives"], r"failed after 2 steps .*KeyError: 'lives'"),
    ],
    ids=["nan", "infinite", "shape", "kind", "reward", "fails"],
)
def test_a_world_that_breaks_its_promise_is_told_with_the_episode_that_shows_it(how, sentence):
    worlds = SideBySide(lambda: Broken(how), 1)
    worlds.step(np.array([1]))
    worlds.step(np.array([1]))
    with pytest.raises(ValueError, match=f"^count {sentence}") as told:
        worlds.step(np.array([1]))
    assert "steps of the episode that begins with reset(" in str(told.value)


def test_large_numbers_are_numbers():
    worlds = SideBySide(lambda: Broken(lambda s: s._replace(observation=np.full(1, 3e38, np.float32))), 1)
    assert go(worlds, 3)[-1].reached[0, 0] == np.float32(3e38)


def test_each_copy_gets_an_action():
    with pytest.raises(ValueError, match="2 actions came for 3 copies of count"):
        SideBySide(Count, 3).step(np.array([0, 1]))


def test_amounts_arrive_as_vectors_and_are_remembered():
    class Told(Count):
        actions = Amounts(np.full(2, -1, np.float32), np.full(2, np.inf, np.float32))

        def step(self, action):
            assert action.dtype == np.float32
            assert action.shape == (2,)
            return super().step(action[1])

    worlds = SideBySide(Told, 2)
    found = worlds.step(np.array([[0.5, 1.5], [0.25, -1]], np.float32))
    assert found.rewards.tolist() == [1.5, -1.0]
    assert worlds.state()["done"] == [[[0.5, 1.5]], [[0.25, -1.0]]]
