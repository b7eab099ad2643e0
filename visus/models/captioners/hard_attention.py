"""Hard attention: each word sees one place of the grid, drawn by chance, learned by REINFORCE (Xu et al., 2015, 4.1).

In training the place is drawn from the weights; in use it is the one of the greatest weight. The gradient stops at the
draw: the task adds the terms that teach where to look.
"""

import torch
from torch import Tensor, nn

from ...layers.recurrent import Cell
from ._attending import Attending
from ._contract import Shape


def one_place(weights: Tensor, grid: Tensor, training: bool) -> tuple[Tensor, Tensor | None]:
    """Weights (B, L) and grid (B, L, D) -> the feature (B, D) of one place, and in training which was drawn (B,)."""
    place = torch.multinomial(weights.detach(), 1)[:, 0] if training else weights.argmax(1)
    return grid[torch.arange(len(grid), device=grid.device), place], place if training else None


def build(
    feature_shape: Shape,
    vocabulary: int,
    hidden: int = 256,
    embedding: int = 256,
    attention: int = 256,
    cell: Cell = "lstm",
    dropout: float = 0.0,
) -> nn.Module:
    """hidden: units. embedding: numbers for a word. attention: units that compare state and place."""
    return Attending(feature_shape, vocabulary, hidden, embedding, attention, cell, dropout, one_place)
