"""Whole episodes of a world: which they are, who plays them, and the same once more."""

import numpy as np
import pytest

from visus.geometry.spaces import Amounts, Choices, Observed
from visus.worlds import _episodes
from visus.worlds._contract import Step, World
from visus.worlds._episodes import at_random, play, retrace
from visus.worlds._side_by_side import SideBySide


class Walk(World):
    """From a place that the seed draws, one to the left or right; over at 0 and 9, cut after `limit` steps."""

    name = "a walk"
    observed = Observed((1,))
    actions = Choices(2, ("left", "right"))
    fps = 5.0

    def __init__(self, limit=50, honest=True):
        self.limit, self.honest, self.begun, self.closed = limit, honest, 0, False

    def reset(self, seed):
        self.begun += 1
        dice = np.random.default_rng(seed if self.honest else None)
        self.place, self.steps = int(dice.integers(1, 9)), 0
        return self._seen()

    def step(self, action):
        self.steps += 1
        self.place += 2 * action - 1
        ended = self.place in (0, 9)
        cut = not ended and self.steps == self.limit
        return Step(self._seen(), float(self.place == 9) - 0.25, ended, cut, ended or cut)

    def picture(self):
        found = np.zeros((2, 10, 3), np.uint8)
        found[:, self.place] = 255
        return found

    def close(self):
        self.closed = True

    def _seen(self):
        return np.array([self.place], np.float32)


def right(seen):
    return np.ones(len(seen), np.int64)


def test_an_episode_does_not_depend_on_how_many_are_played():
    few, many = play(Walk, right, 3, seed=4), play(Walk, right, 25, seed=4)
    assert [told.total for told in few] == [told.total for told in many[:3]]
    assert [told.number for told in many] == list(range(25))
    assert len({told.length for told in many}) > 3
    other = play(Walk, right, 25, seed=5)
    assert [told.length for told in other] != [told.length for told in many]


def test_sets_of_episodes_do_not_meet():
    told, elsewhere = (play(Walk, right, 20, stream=stream) for stream in (0, 1))
    assert [one.length for one in told] != [one.length for one in elsewhere]


def test_episodes_are_those_of_the_first_of_worlds_side_by_side():
    worlds = SideBySide(Walk, 1, seed=3, stream=2)
    finished = []
    while len(finished) < 15:
        finished += worlds.step(np.ones(1, np.int64)).finished
    told = play(Walk, right, 15, seed=3, stream=2)
    assert [(one.total, one.length, one.cut) for one in told] == [tuple(episode) for episode in finished]


def test_only_worlds_that_are_still_played_are_asked_about():
    asked = []

    def act(seen):
        asked.append(len(seen))
        return right(seen)

    told = play(Walk, act, 12)
    assert sum(asked) == sum(one.length for one in told)
    assert max(asked) == _episodes.AT_ONCE


def test_returns_and_lengths_are_those_of_the_world():
    for told in play(Walk, right, 10):
        assert told.length == len(told.actions)
        assert told.total == pytest.approx(1 - 0.25 * told.length)
        assert not told.cut
    rocking = iter([0, 1] * 100)
    (told,) = play(Walk, lambda seen: np.array([next(rocking)]), 1, seed=1)
    assert told.cut
    assert told.length == 50


def test_a_world_that_never_ends_is_broken_off(monkeypatch):
    monkeypatch.setattr(_episodes, "LONGEST", 30)
    rocking = iter([0, 1] * 100)
    (told,) = play(lambda: Walk(limit=0), lambda seen: np.array([next(rocking)]), 1, seed=1)
    assert (told.cut, told.length) == (True, 30)
    assert told.total == pytest.approx(-0.25 * 30)
    assert len(list(retrace(lambda: Walk(limit=0), told))) == 31


def test_progress_is_told_to_the_end():
    told = []
    played = play(Walk, right, 12, progress=lambda done, of, steps: told.append((done, of, steps)))
    assert told[-1] == (12, 12, sum(one.length for one in played))
    assert told == sorted(told)


def test_worlds_are_closed_whatever_happens():
    made = []

    def make():
        made.append(Walk())
        return made[-1]

    play(make, right, 3)

    def fail(seen):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(make, fail, 3)
    assert all(world.closed for world in made)
    assert len(made) == 6


def test_an_episode_goes_the_same_way_again():
    dice = np.random.default_rng(0)
    for told in play(Walk, lambda seen: dice.integers(0, 2, len(seen)), 12, seed=2):
        moments = list(retrace(Walk, told, pictured=True))
        assert len(moments) == told.length + 1
        assert [moment.action for moment in moments[:-1]] == told.actions.tolist()
        assert sum(moment.reward for moment in moments) == pytest.approx(told.total)
        assert moments[-1].total == pytest.approx(told.total)
        assert moments[-1].action is None
        assert (moments[-2].ended, moments[-2].cut) == (not told.cut, told.cut)
        for moment in moments:
            assert moment.picture[0].any(1).argmax() == moment.observation[0]
        assert [moment.picture for moment in retrace(Walk, told)] == [None] * len(moments)


def test_a_world_that_goes_another_way_each_time_says_so():
    def make():
        return Walk(honest=False)

    longest = max(play(make, right, 10), key=lambda one: one.length)
    with pytest.raises(ValueError, match="a walk goes another way each time"):
        [list(retrace(make, longest)) for _ in range(20)]


def test_no_episode_is_refused():
    with pytest.raises(ValueError, match="at least 1 episode is to be played; got 0"):
        play(Walk, right, 0)


def test_random_choices_are_even_and_those_of_the_seed():
    act = at_random(Choices(4), 3)
    drawn = np.concatenate([act(np.zeros((100, 2))) for _ in range(40)])
    assert np.bincount(drawn) == pytest.approx([1000] * 4, rel=0.1)
    again = at_random(Choices(4), 3)
    assert (again(np.zeros((100, 2))) == drawn[:100]).all()


def test_random_amounts_stay_within_their_bounds():
    low, high = np.array([-2, 0, -np.inf, -np.inf], np.float32), np.array([2, 1, np.inf, 0.5], np.float32)
    drawn = at_random(Amounts(low, high), 0)(np.zeros((4000, 1)))
    assert drawn.dtype == np.float32
    assert drawn.shape == (4000, 4)
    assert (drawn >= low).all()
    assert (drawn <= high).all()
    assert drawn[:, :3].mean(0) == pytest.approx([0, 0.5, 0], abs=0.1)
    assert drawn[:, :3].std(0) == pytest.approx([4 / 12**0.5, 1 / 12**0.5, 1], rel=0.05)
