"""Small worlds: a signal to be followed, and the same with an illness each. `build` makes them, as of a user's file."""

import numpy as np

from visus.geometry.spaces import Choices, Observed
from visus.worlds._contract import Step, World


class Signal(World):
    """Seen is -1 or 1, and what share of the episode is over; to answer 0 or 1 to it earns `scale`, else nothing."""

    def __init__(self, scale=1.0, length=10, ends=False):
        self.name, self.limit, self.solved = "signal", 0 if ends else length, 0.9 * scale * length
        self.observed, self.actions = Observed((2,)), Choices(2, ("down", "up"))
        self.scale, self.length, self.ends = scale, length, ends

    def reset(self, seed):
        self.dice, self.done = np.random.default_rng(seed), 0
        return self.seen()

    def seen(self):
        self.sign = int(self.dice.integers(2))
        return np.array([2 * self.sign - 1, self.done / self.length], np.float32)

    def earned(self, action):
        return self.scale * float(action == self.sign)

    def step(self, action):
        earned = self.earned(action)
        self.done += 1
        over = self.done == self.length
        return Step(self.seen(), earned, over and self.ends, over and not self.ends, over)


class Dark(Signal):
    """What is done makes no difference, and earns nothing."""

    def earned(self, action):
        return 0.0


class Luck(Signal):
    """What is earned is seen beforehand, and nothing can be done about it."""

    def earned(self, action):
        return float(self.sign)


class Drowned(Signal):
    """A small reward for each step to the left, and the one that matters at the end of steps to the right."""

    def earned(self, action):
        self.right = 0 if not self.done else self.right
        self.right += action
        return 100.0 * (self.right / self.length) ** 2 if self.done == self.length - 1 else 0.01 - 0.02 * action


class NoNumber(Signal):
    def seen(self):
        return super().seen() if self.done != 3 else np.full(2, np.nan, np.float32)


class OtherShape(Signal):
    def seen(self):
        return np.append(super().seen(), np.float32(0))


class WritesOnWhatItShowed(Signal):
    shown = None

    def seen(self):
        self.shown = np.zeros(2, np.float32) if self.shown is None else self.shown
        self.shown[:] = super().seen()
        return self.shown


class DeafToItsSeed(Signal):
    def reset(self, seed):
        return super().reset(None)


class NeverOver(Signal):
    def step(self, action):
        return super().step(action)._replace(ended=False, cut=False, over=False)


WORLDS = {
    world.__name__: world
    for world in (Signal, Dark, Luck, Drowned, NoNumber, OtherShape, WritesOnWhatItShowed, DeafToItsSeed, NeverOver)
}


def build(kind: str = "Signal", scale: float = 1.0, length: int = 10, ends: bool = False) -> World:
    return WORLDS[kind](scale, length, ends)
