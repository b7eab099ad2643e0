"""Corridor: a small reward is near and a large one far, so that it takes exploring to find the better way."""

import torch

from ..geometry.cells import FREE, GOAL, START, Layout
from ..geometry.decisions import Tables
from ._finite import Finite

NEAR, FAR = 0.1, 1.0  # rewards of the left end, one step away, and of the right


def build(length: int = 10, slip: float = 0.0, limit: int = 100) -> Finite:
    """length: cells between the two ends. slip: chance that a step goes the other way.

    Going right all the way earns FAR; who seldom does so by chance learns that the left end is best.
    """
    if length < 2:
        raise ValueError(f"a corridor has at least 2 cells between its ends; got {length}")
    if not 0 <= slip <= 1:
        raise ValueError(f"slip is a chance between 0 and 1; got {slip:g}")
    n = length + 2
    moves = torch.zeros(n, 2, n, dtype=torch.float64)
    for cell in range(1, n - 1):
        for action, (meant, other) in enumerate(((cell - 1, cell + 1), (cell + 1, cell - 1))):
            moves[cell, action, meant] += 1 - slip
            moves[cell, action, other] += slip
    moves[[0, -1], :, [0, -1]] = 1.0
    rewards = moves[..., 0] * NEAR + moves[..., -1] * FAR
    rewards[[0, -1]] = 0.0  # nothing is earned by staying at an end
    ends, start = torch.zeros(n, dtype=torch.bool), torch.zeros(n, dtype=torch.float64)
    ends[[0, -1]], start[1] = True, 1.0
    layout = Layout((GOAL.lower() + START + FREE * (length - 1) + GOAL,))
    return Finite("corridor", Tables(moves, rewards, ends, start), ("left", "right"), limit, layout)
