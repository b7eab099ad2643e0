"""Looking at a world before acting in it: a planted fault is told, and its healthy twin is not accused."""

import math
import re

import numpy as np
import pytest

from visus.geometry.spaces import Choices, Observed
from visus.worlds._contract import Step, World
from visus.worlds._examine import examine


class Walk(World):
    """Left or right along a line; over at either end, cut after 60 steps. Faults change one part."""

    name, observed, actions, limit = "walk", Observed((2,)), Choices(2), 60
    made = 0

    def __init__(self):
        type(self).made += 1
        self.number = type(self).made

    def reset(self, seed):
        self.dice = np.random.default_rng(seed)
        self.place, self.steps = int(self.dice.integers(2, 8)), 0
        return self.seen()

    def seen(self):
        return np.array([self.place, self.steps], np.float32)

    def step(self, action):
        self.steps += 1
        self.place += 2 * action - 1
        ended = self.place in (0, 10)
        cut = not ended and self.steps == self.limit
        return self.told(Step(self.seen(), float(self.place == 10), ended, cut, ended or cut))

    def told(self, step):
        return step


class Nan(Walk):
    def told(self, step):
        return step._replace(observation=step.observation / (self.place != 4))


class Infinite(Walk):
    def told(self, step):
        return step._replace(reward=math.inf)


class Wide(Walk):
    def told(self, step):
        return step._replace(observation=np.zeros(3, np.float32))


class Double(Walk):
    def seen(self):
        return np.array([self.place, self.steps], np.float64)


class Listed(Walk):
    def seen(self):
        return [self.place, self.steps]


class Fails(Walk):
    def told(self, step):
        return {}[self.place]


class Short(Walk):
    def told(self, step):
        return step[:4]


class Reused(Walk):
    shown = np.zeros(2, np.float32)

    def seen(self):
        self.shown[:] = self.place, self.steps
        return self.shown


class Huge(Walk):
    def told(self, step):
        return step._replace(reward=5e4 * step.reward)


class Tiny(Walk):
    def told(self, step):
        return step._replace(reward=1e-6)


class Unpaid(Walk):
    def told(self, step):
        return step._replace(reward=0.0)


class Endless(Walk):
    limit = 0

    def told(self, step):
        self.place = 5
        return step._replace(reward=1.0, ended=False, cut=False, over=False)


class Overlong(Walk):
    def told(self, step):
        self.place = min(max(self.place, 2), 8)
        over = self.steps == 90
        return step._replace(reward=1.0, ended=False, cut=over, over=over)


class Seedless(Walk):
    def reset(self, seed):
        return super().reset(self.number * 100 + seed)


class Remembers(Walk):
    held = 5

    def reset(self, seed):
        super().reset(seed)
        self.place, self.held = self.held, 3 + (self.held + 1) % 5
        return self.seen()


class Contradicts(Walk):
    def told(self, step):
        return step._replace(ended=False, cut=False)


class Both(Walk):
    def told(self, step):
        return step._replace(cut=step.ended or step.cut)


class NotOver(Walk):
    def told(self, step):
        return step._replace(cut=self.steps == 2, over=step.ended)


class Uncounted(Walk):
    observed = Observed((2,), states=2)


FAULTS = [
    (Nan, "it showed (nan|inf) in step .* finite numbers"),
    (Infinite, "it gave the reward inf in step 1"),
    (Wide, r"it showed float32 \(3,\) in step 1 .* promised float32 \(2,\)"),
    (Double, r"it showed float64 \(2,\) at the start of episode 0"),
    (Listed, "it showed a list at the start"),
    (Fails, "it failed after 0 steps of episode 0 .*KeyError"),
    (Short, "it failed .*`step` gave tuple where a Step"),
    (Reused, "writes into an observation that it has shown"),
    (Huge, "largest reward is of size 5e.04; divide rewards by about 50000"),
    (Tiny, "largest reward is of size 1e-06; divide rewards by about 1e-06"),
    (Unpaid, "gave no reward"),
    (Endless, "no episode was over after 20000 steps"),
    (Overlong, "an episode had 90 steps, though its limit is 60"),
    (Seedless, "the same seed and actions lead elsewhere after 0 steps; draw all"),
    (Remembers, "lead elsewhere after 0 steps( in a world that was played before|; draw all)"),
    (Contradicts, "it was over .* neither ended nor cut"),
    (Both, "ended and cut at once"),
    (NotOver, "it was cut in step 2 .* but not over"),
    (Uncounted, "no vector of zeros with a one"),
]


@pytest.mark.parametrize(("fault", "sentence"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_planted_fault_is_told(fault, sentence):
    fault.made = 0
    with np.errstate(all="ignore"):
        found = examine(fault)
    assert len(found) == 1, found
    assert re.search(sentence, found[0]), found[0]


def test_the_healthy_twin_is_not_accused():
    assert examine(Walk) == []


def test_a_world_that_cannot_be_made_is_told():
    def make():
        raise RuntimeError("no display\nand more")

    assert examine(make) == ["it cannot be made: no display"]


def test_observations_beyond_the_declared_space_are_told():
    class Outside(Walk):
        bounds = np.zeros(2, np.float32), np.full(2, 3, np.float32)

    class Inside(Walk):
        bounds = np.zeros(2, np.float32), np.full(2, 100, np.float32)

    assert "lie outside the space it declares" in " ".join(examine(Outside))
    assert examine(Inside) == []
