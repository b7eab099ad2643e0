"""Worlds with known rules for experiments: their tables, episodes drawn from them by the thousand, and values drawn."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..geometry.decisions import Tables
from ..tasks._values_drawn import Ground, ground, values_drawn
from ..worlds import grid_world


class Known(NamedTuple):
    """A grid world's rules, and where its values are drawn."""

    tables: Tables
    on: Ground

    def drawn(self, q: Tensor) -> NDArray[np.uint8]:
        """V of action values (S, A) as a picture (H, W, 3), with arrows for the best actions."""
        return values_drawn(q.numpy(), self.on)


def known(name: str, slip: float | None = None) -> Known:
    """A map of the grid world, or one that was typed. slip: chance to go astray; None: the map's own.

    Raises ValueError for a name that nobody knows.
    """
    world = grid_world.build(name, slip)
    tables = world.tables()
    on = ground(world.layout(), tables, grid_world.ACTIONS)
    assert on
    return Known(tables, on)


class Walks(NamedTuple):
    """N episodes of at most T steps, (T, N) each; what lies behind an end counts for nothing.

    states, actions: int64. rewards: float64. reached: states that the steps led to. alive: whether the step was made.
    """

    states: Tensor
    actions: Tensor
    rewards: Tensor
    reached: Tensor
    alive: Tensor


def walks(tables: Tables, policy: Tensor, n: int, steps: int, dice: torch.Generator) -> Walks:
    """Episodes that begin as the tables say. policy: (S, A) probabilities."""
    S, A = tables.rewards.shape
    state = torch.multinomial(tables.start, n, replacement=True, generator=dice)
    onward = tables.moves.reshape(S * A, S)
    columns: list[tuple[Tensor, ...]] = []
    for _ in range(steps):
        alive = ~tables.ends[state]
        action = torch.multinomial(policy[state], 1, generator=dice)[:, 0]
        reached = torch.multinomial(onward[state * A + action], 1, generator=dice)[:, 0]
        columns.append((state, action, tables.rewards[state, action] * alive, reached, alive))
        state = torch.where(alive, reached, state)
    return Walks(*(torch.stack(column) for column in zip(*columns, strict=True)))
