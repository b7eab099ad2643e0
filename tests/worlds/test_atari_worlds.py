"""Atari games: what is done to frames, actions and lives, on a stand-in; and true games where they are installed."""

import copy
from itertools import pairwise

import numpy as np
import pytest

from visus.worlds._atari import Atari
from visus.worlds._examine import examine
from visus.worlds._open import opener
from visus.worlds._side_by_side import SideBySide

USUAL = {
    "skip": 4,
    "size": 84,
    "stack": 4,
    "noops": 0,
    "sticky": 0.0,
    "life_ends": False,
    "fire": True,
    "limit": 1000,
}


class StandIn:
    """A game that notes its actions. Frame t is grey 2 t on even pixels when t is even, on odd ones when it is odd."""

    actions = ("NOOP", "FIRE", "RIGHT")

    def __init__(self, lives_until=(), over_at=10**6):
        self.lives_until, self.over_at = lives_until, over_at
        self.begun = 0

    def begin(self):
        self.begun += 1
        self.done, self.frame = [], 0

    def act(self, action):
        self.done.append(action)
        self.frame += 1
        return 1.0

    def is_over(self):
        return self.frame >= self.over_at

    def lives(self):
        return 0 if self.is_over() else 1 + sum(self.frame < end for end in self.lives_until)

    def grey(self, into):
        into[:] = 0
        into[self.frame % 2 :: 2] = 2 * self.frame % 256

    def colours(self):
        return np.full((210, 160, 3), self.frame, np.uint8)

    def shape(self):
        return 210, 160

    def save(self):
        return list(self.done), self.frame

    def load(self, saved):
        self.done, self.frame = list(saved[0]), saved[1]


def game(emulator=None, **settings):
    return Atari(emulator or StandIn(), "game", **(USUAL | settings))


def test_an_action_is_done_for_four_frames_and_earns_their_rewards():
    world = game(fire=False)
    world.reset(0)
    found = world.step(2)
    assert world.emulator.done == [2, 2, 2, 2]
    assert found.reward == 4.0
    assert world.fps == 15


def test_the_brightest_of_the_last_two_frames_is_seen():
    world = game(fire=False, size=210, stack=1)
    world.reset(0)
    seen = world.step(0).observation[0]  # frames 3, on odd rows, and 4, on even ones
    assert set(seen[0::2].ravel()) == {8}
    assert set(seen[1::2].ravel()) == {6}


def test_pictures_are_made_smaller_by_averaging():
    class Noise(StandIn):
        def grey(self, into):
            into[:] = np.random.default_rng(0).integers(0, 256, into.shape)

    world = game(Noise(), fire=False, stack=1)
    world.reset(0)
    seen = world.step(0).observation[0].astype(float)
    full = world._frames[1].astype(float)

    def areas(n, m):
        """(m, n): how much of each of n pixels lies in each of m larger ones, by their edges."""
        edges = np.arange(m + 1) * n / m
        low, high = np.arange(n), np.arange(1, n + 1)
        found = np.minimum(high, edges[1:, None]) - np.maximum(low, edges[:-1, None])
        return np.clip(found, 0, None) * m / n

    want = areas(210, 84) @ full @ areas(160, 84).T
    # Pillow takes whole pixels where an edge cuts one; of noise, who takes single pixels gets less than half of this.
    assert np.corrcoef(seen.ravel(), want.ravel())[0, 1] > 0.85
    assert seen.mean() == pytest.approx(want.mean(), abs=1.0)


def test_the_newest_frame_is_last_and_the_first_stands_for_those_before_it():
    world = game(fire=False)
    seen = [world.reset(0)]
    assert (seen[0] == seen[0][0]).all()
    seen += [world.step(0).observation for _ in range(6)]
    for before, after in pairwise(seen):
        np.testing.assert_array_equal(before[1:], after[:-1])
        assert after[-1].max() > before[-1].max()
    assert world.observed.stacked == 4


def test_an_episode_begins_with_up_to_30_frames_of_doing_nothing():
    counts = set()
    for seed in range(200):
        world = game(noops=30, fire=False)
        world.reset(seed)
        assert set(world.emulator.done) <= {0}
        counts.add(len(world.emulator.done))
    assert (min(counts), max(counts)) == (0, 30)
    once, again = game(noops=30), game(noops=30)
    once.reset(7)
    again.reset(3)
    again.reset(7)
    assert once.emulator.done == again.emulator.done


def test_the_button_is_pressed_where_a_game_or_a_life_begins():
    world = game(StandIn(lives_until=(6,)))
    world.reset(0)
    assert world.emulator.done == [1]
    world.step(2)
    found = world.step(2)  # the life is lost in frame 6
    assert world.emulator.done == [1, 2, 2, 2, 2, 2, 2, 2, 2, 1]
    assert found.reward == 5.0
    silent = StandIn()
    silent.actions = ("NOOP", "RIGHT")
    world = game(silent)
    world.reset(0)
    assert world.emulator.done == []


@pytest.mark.parametrize("life_ends", [False, True])
def test_a_lost_life_ends_only_where_it_is_asked_and_the_game_goes_on(life_ends):
    world = game(StandIn(lives_until=(6, 14), over_at=22), life_ends=life_ends, fire=False)
    world.reset(0)
    steps = [world.step(0) for _ in range(6)]
    assert [step.over for step in steps] == [False] * 5 + [True]
    assert [step.ended for step in steps] == [False, life_ends, False, life_ends, False, True]
    assert not any(step.cut for step in steps)


def test_a_limit_cuts():
    world = game(limit=3)
    world.reset(0)
    assert [world.step(0)[2:] for _ in range(3)] == [(False, False, False)] * 2 + [(False, True, True)]


def test_a_game_that_is_over_within_the_four_frames_is_left():
    world = game(StandIn(over_at=6), fire=False)
    world.reset(0)
    world.step(0)
    found = world.step(0)
    assert len(world.emulator.done) == 6
    assert found.ended
    assert found.reward == 2.0


def test_sticky_actions_repeat_the_frame_before_in_a_quarter_of_the_frames():
    world = game(sticky=0.25, fire=False)
    world.reset(5)
    asked = [step % 2 + 1 for step in range(2000) for _ in range(4)]
    for step in range(2000):
        world.step(step % 2 + 1)
    changed = np.array(world.emulator.done) != asked
    # Of the four frames of a new action, k still show the old one with chance 1/4^k.
    assert changed.mean() == pytest.approx((1 / 4 + 1 / 16 + 1 / 64 + 1 / 256) / 4, abs=0.01)
    again = game(sticky=0.25, fire=False)
    again.reset(5)
    for step in range(2000):
        again.step(step % 2 + 1)
    assert again.emulator.done == world.emulator.done


def test_what_is_shown_is_not_written_over():
    assert not [sentence for sentence in examine(lambda: game(StandIn(over_at=400), limit=0)) if "writes" in sentence]


def test_a_copy_stands_at_the_same_place_without_playing_again():
    worlds = SideBySide(lambda: game(noops=30, sticky=0.25), 2)
    for step in range(20):
        worlds.step(np.array([step % 3, 2]))
    twin = copy.deepcopy(worlds)
    assert [world.emulator.begun for world in twin.worlds] == [1, 1]
    for step in range(20):
        np.testing.assert_equal(worlds.step(np.array([step % 3, 1])), twin.step(np.array([step % 3, 1])))
    assert worlds.state() == twin.state()


@pytest.fixture
def ale():
    return pytest.importorskip("ale_py", reason="ale-py is GPL-2.0 and no dependency of the tests")


def test_a_true_game_is_a_function_of_its_seed(ale):
    make = opener("ALE/Breakout-v5", "life_ends=yes")
    worlds = SideBySide(make, 2, seed=1)
    dice = np.random.default_rng(0)
    for _ in range(60):
        worlds.step(worlds.actions.drawn(2, dice))
    other = SideBySide(make, 2, seed=1)
    assert other.restore(worlds.state(), worlds.observations) is True
    twin = copy.deepcopy(worlds)
    for _ in range(40):
        actions = worlds.actions.drawn(2, dice)
        ours = worlds.step(actions)
        np.testing.assert_equal(ours, other.step(actions))
        np.testing.assert_equal(ours, twin.step(actions))
    assert worlds.observed.shape == (4, 84, 84)
    assert worlds.picture().shape == (210, 160, 3)
    assert worlds.observations[0, -1].std() > 0


def test_names_of_games(ale):
    pong = opener("ALE/Pong-v5")()
    assert pong.actions.names == ("noop", "fire", "right", "left", "rightfire", "leftfire")
    assert pong.sticky == 0.25
    plain = opener("PongNoFrameskip-v4", "full_actions=yes")()
    assert plain.actions.n == 18
    assert plain.sticky == 0.0
    with pytest.raises(LookupError, match=r"no Atari game 'Pongg' for ALE/Pongg-v5\. Did you mean 'Pong'\?"):
        opener("ALE/Pongg-v5")
    with pytest.raises(ValueError, match=r"the option sticky of ALE/Pong-v5 is a chance"):
        opener("ALE/Pong-v5", "sticky=2")
    with pytest.raises(ValueError, match=r"the option skip of ALE/Pong-v5 is at least 1; got 0"):
        opener("ALE/Pong-v5", "skip=0")
