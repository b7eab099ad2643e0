"""A world of your own in one file: heat a room by day, and save by night. Its `build` is all that Visus asks for.

Look at it with `visus worlds examples/own_world.py`, learn in it with `visus train dqn world=examples/own_world.py`,
and give it settings by `options=price=0.05`.
"""

import numpy as np

from visus.worlds import Choices, Observed, Step, World

DAY, WANTED = range(7, 22), 21.0  # hours in which somebody is there, and how warm they like it
LEAKS, HEATS = 0.1, 2.5  # a tenth of the difference to outside is lost in an hour; degrees an hour of heating brings


class Room(World):
    """Seen: degrees from what is wanted, degrees outside, the hour as a point on a circle. An episode is two days."""

    def __init__(self, price: float) -> None:
        self.name, self.price, self.limit = "room", price, 48
        self.observed, self.actions = Observed((4,)), Choices(2, ("off", "on"))

    def reset(self, seed: int) -> np.ndarray:
        self.dice = np.random.default_rng(seed)  # all that is random comes from the seed
        self.hours, self.inside = 0, self.dice.uniform(10, 25)
        self.mean_outside = self.dice.uniform(-5, 10)
        return self.seen()

    def step(self, action: int) -> Step:
        self.inside += LEAKS * (self.outside() - self.inside) + HEATS * action + self.dice.normal(0, 0.2)
        self.hours += 1
        cold = abs(self.inside - WANTED) if self.hours % 24 in DAY else 0.0
        cut = self.hours == self.limit  # the world would go on: a limit of time is no end
        return Step(self.seen(), -0.1 * cold - self.price * action, False, cut, cut)

    def outside(self) -> float:
        return float(self.mean_outside - 5 * np.cos(2 * np.pi * (self.hours - 3) / 24))  # coldest at three

    def seen(self) -> np.ndarray:
        hour = 2 * np.pi * self.hours / 24
        return np.array(
            [(self.inside - WANTED) / 10, self.outside() / 10, np.cos(hour), np.sin(hour)], np.float32
        )  # a new array each time


def build(price: float = 0.1) -> Room:
    """price: what an hour of heating costs, as a reward."""
    return Room(price)
