"""What every captioner answers with, and the parts that all of them have."""

from typing import NamedTuple

from torch import Tensor, nn

HEAD_STD = 0.01  # of the head's first weights: every word is as likely as any other, and the first loss is ln V
State = tuple[Tensor, ...]
Shape = tuple[int, int, int]


class Told(NamedTuple):
    """scores: (B, T, V) of the word behind each. weights: (B, T, h * w), how much each place of the grid was looked at,
    summing to 1, or None for a captioner that looks once. chosen: int64 (B, T), the places drawn by chance in training,
    or None; the gradient does not pass through a draw, so a loss needs them."""

    scores: Tensor
    weights: Tensor | None = None
    chosen: Tensor | None = None


def head(n_in: int, vocabulary: int) -> nn.Linear:
    """(..., n_in) -> scores (..., V), small at first."""
    layer = nn.Linear(n_in, vocabulary)
    nn.init.normal_(layer.weight, std=HEAD_STD)
    nn.init.zeros_(layer.bias)
    return layer


def pooled(features: Tensor) -> Tensor:
    """The grid's mean: (B, D, h, w) -> (B, D)."""
    return features.mean((2, 3))


def check(vocabulary: int, embedding: int, dropout: float) -> None:
    """Raise ValueError, in one sentence, for settings that cannot be."""
    if vocabulary < 2:
        raise ValueError(f"a captioner needs a vocabulary of at least 2 words; got {vocabulary}")
    if embedding < 1:
        raise ValueError(f"embedding must be at least 1, for example 256; got {embedding}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, for example 0.5; got {dropout}")
