"""The Frechet distance between two clouds of features, each taken for a Gaussian: the FID of samples against pictures.

Zero for two clouds of one mean and covariance. It depends on the features, and on how many rows there are: few rows
make it too large (Binkowski et al., 2018, section 3), so figures compare at one number of rows only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

LEAST = 2  # rows that a covariance takes


@dataclass(frozen=True)
class Moments:
    """What the distance looks at: mean (D,) and covariance (D, D) of features, float64, and of how many rows."""

    mean: Tensor
    covariance: Tensor
    n: int


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Between features (N, D) and (M, D), at least 0, in squared units of a feature.

    |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)), A and B the covariances. Raises ValueError for rows of different
    length, fewer than 2 of them, or numbers that are not finite. Sources: Dowson and Landau, 1982; Heusel et al., 2017.
    """
    return frechet_of_moments(moments(a, "the first features"), moments(b, "the second features"))


def moments(features: Tensor, name: str = "features") -> Moments:
    """Mean and covariance (divided by N - 1) of features (N, D). name: for the sentence of a ValueError."""
    rows = checked(features, LEAST, name)
    mean = rows.mean(0)
    centred = rows - mean
    return Moments(mean, centred.T @ centred / (len(rows) - 1), len(rows))


def frechet_of_moments(a: Moments, b: Moments) -> float:
    """The same where the moments are known: those of the real pictures are taken once."""
    if a.mean.shape != b.mean.shape:
        raise ValueError(
            f"features of {len(a.mean)} and of {len(b.mean)} numbers do not compare; take both from one network"
        )
    # the eigenvalues of A B are those of the symmetric root(A) B root(A), which can be taken safely
    root = _root(a.covariance)
    eigenvalues = torch.linalg.eigvalsh(root @ b.covariance @ root)
    shared = eigenvalues.clamp_min(0).sqrt().sum()
    apart = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * shared
    return max(0.0, float(apart))  # rounding can leave -1e-12 between equal clouds


def checked(features: Tensor, least: int, name: str) -> Tensor:
    """Features (N, D) as float64, on the CPU. Raises ValueError for another shape, too few rows or odd numbers."""
    if features.ndim != 2 or not features.shape[1]:
        raise ValueError(f"{name} must be rows of numbers, (N, D); got {tuple(features.shape)}; flatten pictures first")
    if len(features) < least:
        raise ValueError(f"{name} have {len(features)} rows, and at least {least} are needed; draw more pictures")
    rows = features.detach().to("cpu", torch.float64)
    if not rows.isfinite().all():
        row = int((~rows.isfinite()).any(1).nonzero()[0])
        raise ValueError(f"row {row} of {name} holds NaN or an infinite number; look at the picture it was made of")
    return rows


def _root(covariance: Tensor) -> Tensor:
    """The symmetric R with R R = covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T
