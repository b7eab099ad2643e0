"""Distances between every row of one matrix and every row of another, without a loop."""

import torch
from torch import Tensor
from torch.nn import functional as F


def l1_distances(a: Tensor, b: Tensor) -> Tensor:
    """Sum of |a - b| over the features: (B, D), (N, D) -> (B, N).

    It depends on the choice of axes: turn the axes of both sets and it changes. Whole numbers are taken as float32,
    float64 is kept. Raises ValueError if the rows are of different length.
    """
    a, b = _floats(a, b)
    return torch.cdist(a, b, p=1.0)


def l2_distances(a: Tensor, b: Tensor) -> Tensor:
    """Root of the sum of (a - b)**2 over the features: (B, D), (N, D) -> (B, N).

    It does not depend on the axes. Computed as sqrt(|a|**2 - 2 a.b + |b|**2), one matrix product; for equal rows
    rounding can make that slightly negative, so it is clamped at 0. Whole numbers are taken as float32, float64 is
    kept. Raises ValueError if the rows are of different length.
    """
    a, b = _floats(a, b)
    squares = a.square().sum(1)[:, None] - 2 * a @ b.T + b.square().sum(1)
    return squares.clamp_min(0).sqrt()


def cosine_distances(a: Tensor, b: Tensor) -> Tensor:
    """One minus the cosine of the angle between rows, in [0, 2]: (B, D), (N, D) -> (B, N).

    A row of zeros has no direction; its distance to every row is 1. Whole numbers are taken as float32, float64 is
    kept. Raises ValueError if the rows are of different length.
    """
    a, b = _floats(a, b)
    return (1 - directions(a) @ directions(b).T).clamp(0, 2)


def directions(rows: Tensor) -> Tensor:
    """Rows (N, D) brought to length 1; rows of zeros stay."""
    # brought to a largest entry of 1 first: the squares of very small or large numbers are lost
    return F.normalize(rows / rows.abs().amax(1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny), dim=1)


def _floats(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"distances need rows of equal length, (B, D) and (N, D); got {tuple(a.shape)} and {tuple(b.shape)}; "
            "flatten pictures first"
        )
    kind = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
    return a.to(kind), b.to(kind)
