"""Precision and recall of samples: how many look like pictures, and how much of what pictures look like they cover.

A cloud of features stands for what is possible: every point nearer to one of its rows than that row's k-th neighbour.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..geometry import neighbours
from ..geometry.distances import l2_distances
from .frechet import checked

NEIGHBOURS = 3  # Kynkaanniemi et al., 2019, section 3.1
BLOCK = 1000  # rows whose distances to all others are held at once


@dataclass(frozen=True)
class SampleRecall:
    """Shares in [0, 1]. precision: of the samples that lie among pictures; recall: of the pictures among samples."""

    precision: float
    recall: float


def sample_recall(pictures: Tensor, samples: Tensor, k: int = NEIGHBOURS) -> SampleRecall:
    """Of the features of samples (M, D) against those of pictures (N, D); take as many of each.

    k: neighbours that say how far a row reaches; of two honest halves of a set neither share is 1. Raises ValueError
    for k + 1 rows or fewer, or numbers that are not finite. Source: Kynkaanniemi et al., 2019, equations 1 and 2.
    """
    if k < 1:
        raise ValueError(f"at least 1 neighbour is needed; got k={k}")
    real, drawn = checked(pictures, k + 1, "features of pictures"), checked(samples, k + 1, "features of samples")
    if real.shape[1] != drawn.shape[1]:
        raise ValueError(
            f"features of {real.shape[1]} and of {drawn.shape[1]} numbers do not compare; take both from one net"
        )
    return SampleRecall(_share_within(drawn, real, k), _share_within(real, drawn, k))


def reach(rows: Tensor, k: int) -> Tensor:
    """How far each row's k-th neighbour among the others is, (N,)."""
    # a row is its own nearest, at distance 0, so the k-th other is the one after
    return neighbours.nearest(rows, rows, k + 1)[0][:, k]


def _share_within(points: Tensor, rows: Tensor, k: int) -> float:
    """The share of points (M, D) within the reach of any row (N, D)."""
    far = reach(rows, k)
    within = [(l2_distances(some, rows) <= far).any(1) for some in points.split(BLOCK)]
    return float(torch.cat(within).double().mean())
