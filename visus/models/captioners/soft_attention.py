"""Soft attention: each word sees a weighted mean of the grid, z = sum p_i v_i (Xu et al., 2015, section 4.2)."""

from torch import Tensor, nn

from ...layers.recurrent import Cell
from ._attending import Attending
from ._contract import Shape


def mean_feature(weights: Tensor, grid: Tensor, training: bool) -> tuple[Tensor, None]:
    """Weights (B, L) and grid (B, L, D) -> what is expected to be seen (B, D); nothing is drawn."""
    return (weights[:, None].to(grid.dtype) @ grid)[:, 0], None


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
    return Attending(feature_shape, vocabulary, hidden, embedding, attention, cell, dropout, mean_feature)
