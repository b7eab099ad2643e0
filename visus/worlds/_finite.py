"""A world made from tables: any finite Markov decision process can be played."""

import random
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from ..geometry.cells import Layout
from ..geometry.decisions import Tables
from ..geometry.spaces import Choices, Observed
from . import _drawn
from ._contract import Step, World


class Finite(World):
    """Draws the next state from the tables' chances; a reward is the expected one of a state and an action.

    layout: the map whose cells the states are, where there is one; it is what can be drawn.
    """

    def __init__(
        self, name: str, tables: Tables, words: tuple[str, ...] = (), limit: int = 0, layout: Layout | None = None
    ) -> None:
        n_states, n_actions, _ = tables.moves.shape
        self.name, self.limit, self.fps = name, limit, 4.0
        self.observed, self.actions = Observed((n_states,), states=n_states), Choices(n_actions, words)
        self._tables, self._layout = tables, layout
        self._shown = np.eye(n_states, dtype=np.float32)
        self._shown.setflags(write=False)  # every observation of a state is one row
        self._states = range(n_states)
        self._reached = [[list(accumulate(row)) for row in rows] for rows in tables.moves.tolist()]
        self._begins, self._ends = list(accumulate(tables.start.tolist())), tables.ends.tolist()
        self._rewards = tables.rewards.tolist()
        self._state, self._steps, self._dice = 0, 0, random.Random(0)

    def reset(self, seed: int) -> NDArray[np.float32]:
        self._dice, self._steps = random.Random(seed), 0
        (self._state,) = self._dice.choices(self._states, cum_weights=self._begins)
        return self._shown[self._state]

    def step(self, action: int) -> Step:
        reward = self._rewards[self._state][action]
        (self._state,) = self._dice.choices(self._states, cum_weights=self._reached[self._state][action])
        self._steps += 1
        ended = self._ends[self._state]
        cut = not ended and self._steps == self.limit
        return Step(self._shown[self._state], reward, ended, cut, ended or cut)

    def tables(self) -> Tables:
        return self._tables

    def layout(self) -> Layout | None:
        return self._layout

    def picture(self) -> NDArray[np.uint8]:
        return super().picture() if self._layout is None else _drawn.drawn(self._layout, self._state)
