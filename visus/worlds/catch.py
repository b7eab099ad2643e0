"""Catch: a ball falls, a bat moves beneath it, and only a picture is seen (Mnih et al., 2014)."""

import random

import numpy as np
from numpy.typing import NDArray

from ..geometry.spaces import Choices, Observed
from ._contract import Step, World

BALL, BAT = 255, 160
CELL = 24  # pixels of a cell that a person sees


class Catch(World):
    """The ball begins in any column, and so does the bat; after `rows` - 1 steps it is caught, 1, or missed, -1."""

    def __init__(self, rows: int, columns: int, size: int, stack: int) -> None:
        self.name, self.fps = "catch", 6.0
        self.solved = 0.95 if columns <= rows else None  # of a wider board the far balls are out of reach
        self.rows, self.columns = rows, columns
        self.observed = Observed((stack, size, size), "uint8", stacked=stack)
        self.actions = Choices(3, ("left", "stay", "right"))
        self._side = size // max(rows, columns)
        self._row, self._ball, self._bat = 0, 0, 0
        self._stack = np.zeros(self.observed.shape, np.uint8)

    def reset(self, seed: int) -> NDArray[np.uint8]:
        dice = random.Random(seed)
        self._row, self._ball, self._bat = 0, dice.randrange(self.columns), dice.randrange(self.columns)
        self._stack[:] = self._frame()
        return self._stack.copy()

    def step(self, action: int) -> Step:
        self._row += 1
        self._bat = min(max(self._bat + action - 1, 0), self.columns - 1)
        self._stack[:-1] = self._stack[1:]
        self._stack[-1] = self._frame()
        ended = self._row == self.rows - 1
        reward = (1.0 if self._bat == self._ball else -1.0) if ended else 0.0
        return Step(self._stack.copy(), reward, ended, False, ended)

    def picture(self) -> NDArray[np.uint8]:
        cells = np.zeros((self.rows, self.columns), np.uint8)
        cells[-1, self._bat], cells[self._row, self._ball] = BAT, BALL
        return np.kron(cells, np.ones((CELL, CELL), np.uint8))[..., None].repeat(3, 2)

    def _frame(self) -> NDArray[np.uint8]:
        frame = np.zeros(self.observed.shape[1:], np.uint8)
        for row, column, grey in ((self.rows - 1, self._bat, BAT), (self._row, self._ball, BALL)):
            top, left = row * self._side, column * self._side
            frame[top : top + self._side, left : left + self._side] = grey
        return frame


def build(rows: int = 12, columns: int = 12, size: int = 84, stack: int = 1) -> Catch:
    """rows, columns: of the board. size: pixels of a picture's side. stack: pictures that are seen at a time."""
    if rows < 2 or columns < 1 or stack < 1:
        raise ValueError(f"a board has 2 rows, 1 column and 1 picture at least; got {rows}, {columns} and {stack}")
    if size < max(rows, columns):
        raise ValueError(f"a board of {rows} x {columns} cells needs {max(rows, columns)} pixels at least; got {size}")
    return Catch(rows, columns, size, stack)
