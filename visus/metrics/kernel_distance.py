"""The kernel distance between two clouds of features: the KID of samples against pictures.

The squared maximum mean discrepancy under the cubic kernel (x.y / D + 1)^3, which compares means, covariances and
skewness. Unlike the Frechet distance it takes no Gaussian for granted, and its mean does not depend on how many rows
there are; so it may be a little below 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .frechet import checked

LEAST = 2  # rows that an average over pairs takes
N_SUBSETS, SUBSET = 50, 1000  # the paper draws 100 subsets of 1,000; half of them cost half


@dataclass(frozen=True)
class KernelDistance:
    """mean, spread: over subsets, the spread as a standard deviation of one subset. subset: rows in each."""

    mean: float
    spread: float
    subset: int


def kernel_distance(
    a: Tensor, b: Tensor, n_subsets: int = N_SUBSETS, subset: int = SUBSET, seed: int = 0
) -> KernelDistance:
    """Between features (N, D) and (M, D): mean and spread over random subsets of each, drawn without putting back.

    subset: rows of one, at most N and M are taken. The same seed gives the same figures. Raises ValueError as
    `discrepancy` does, and for no subset. Source: Binkowski et al., 2018, sections 3 and 4.
    """
    if n_subsets < 1:
        raise ValueError(f"at least 1 subset is needed; got {n_subsets}")
    size = min(subset, len(a), len(b))
    dice = torch.Generator().manual_seed(seed)
    found = torch.tensor(
        [
            discrepancy(*(rows[torch.randperm(len(rows), generator=dice)[:size].to(rows.device)] for rows in (a, b)))
            for _ in range(n_subsets)
        ],
        dtype=torch.float64,
    )
    return KernelDistance(float(found.mean()), float(found.std()) if n_subsets > 1 else float("nan"), size)


def discrepancy(a: Tensor, b: Tensor) -> float:
    """The unbiased estimate from features (N, D) and (M, D): pairs of a row with itself do not count.

    Raises ValueError for rows of different length, fewer than 2 of them, or numbers that are not finite.
    Source: Gretton et al., 2012, lemma 6, with the kernel of Binkowski et al., 2018, equation 4.
    """
    a, b = checked(a, LEAST, "the first features"), checked(b, LEAST, "the second features")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"features of {a.shape[1]} and of {b.shape[1]} numbers do not compare; take both from one net")
    return float(_among(a) + _among(b) - 2 * _cubic(a, b).mean())


def _among(rows: Tensor) -> Tensor:
    """The mean of the kernel over pairs of different rows."""
    kernel = _cubic(rows, rows)
    return (kernel.sum() - kernel.trace()) / (len(rows) * (len(rows) - 1))


def _cubic(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3
