"""Reach: move a point to another; the simplest world in which an action is an amount."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry.spaces import Amounts, Observed
from ._contract import Step, World

STRIDE = 0.5  # of the farthest step in every direction
SIDE = 240  # pixels of a picture


class Reach(World):
    """Seen is the way that is left, float32 (D,). A step moves by the action times STRIDE; its reward is minus the

    distance after it. Best is to go straight there and to stay. Both points begin anywhere in [-1, 1]^D.
    """

    def __init__(self, dims: int, limit: int) -> None:
        self.name, self.limit, self.fps = f"reach in {dims} dimension{'s' * (dims > 1)}", limit, 6.0
        self.observed = Observed((dims,))
        self.actions = Amounts(-np.ones(dims, np.float32), np.ones(dims, np.float32))
        self._here, self._there, self._steps = np.zeros(dims), np.zeros(dims), 0

    def reset(self, seed: int) -> NDArray[np.float32]:
        self._here, self._there = np.random.default_rng(seed).uniform(-1, 1, (2, len(self._here)))
        self._steps = 0
        return self._way()

    def step(self, action: NDArray[np.float32]) -> Step:
        self._here = self._here + STRIDE * np.clip(action, -1, 1)
        self._steps += 1
        way = self._way()
        cut = self._steps == self.limit
        return Step(way, -float(np.linalg.norm(way)), False, cut, cut)

    def picture(self) -> NDArray[np.uint8]:
        picture = Image.new("RGB", (SIDE, SIDE), "#ffffff")
        pen = ImageDraw.Draw(picture)
        for point, colour in ((self._there, "#3f9d5c"), (self._here, "#2f6fb3")):
            across, up = (*point, 0.0)[:2]
            pen.circle(((across / 2 + 1) * SIDE / 2, (1 - up / 2) * SIDE / 2), SIDE / 24, colour)
        return np.asarray(picture)

    def _way(self) -> NDArray[np.float32]:
        return (self._there - self._here).astype(np.float32)


def build(dims: int = 1, limit: int = 8) -> Reach:
    """dims: coordinates of a point. limit: steps after which an episode is cut."""
    if dims < 1 or limit < 1:
        raise ValueError(f"reach has 1 dimension and 1 step at least; got {dims} and {limit}")
    return Reach(dims, limit)
