"""What the nearest ones say: their vote, and how many of them an approximate search has found."""

from typing import Literal, get_args

import torch
from torch import Tensor

Weighting = Literal["majority", "distance"]


def vote(labels: Tensor, distances: Tensor, n_classes: int, weighting: Weighting = "majority") -> Tensor:
    """The class with most votes among the k nearest, (B,); a tie goes to the smaller label.

    labels: (B, k) classes of the nearest; distances: (B, k) to them. weighting: majority (a neighbour, a vote) or
    distance (a vote counts 1 / distance; neighbours at distance 0 outvote all others). Raises ValueError for another
    weighting, shapes that differ or a label outside 0..n_classes-1.
    """
    return shares(labels, distances, n_classes, weighting).argmax(1)  # the first of equals, as torch promises


def shares(labels: Tensor, distances: Tensor, n_classes: int, weighting: Weighting = "majority") -> Tensor:
    """Each class's share of the votes, (B, K), rows that sum to 1. Arguments and errors are those of `vote`."""
    if weighting not in get_args(Weighting):
        raise ValueError(f"vote must be one of {', '.join(get_args(Weighting))}; got '{weighting}'")
    if labels.ndim != 2 or labels.shape != distances.shape or not labels.shape[1]:
        raise ValueError(
            f"labels are {tuple(labels.shape)} and distances {tuple(distances.shape)}; both must be (B, k), k >= 1"
        )
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < n_classes:
        raise ValueError(f"labels reach from {labels.min()} to {labels.max()}, outside 0..{n_classes - 1}")
    weights = torch.ones_like(distances)
    if weighting == "distance":
        closest = distances.amin(1, keepdim=True)
        # closest / distance: the same shares as 1 / distance, and nothing overflows
        weights = torch.where(closest == 0, (distances == 0).to(distances), closest / distances)
    counts = weights.new_zeros(len(labels), n_classes).scatter_add_(1, labels, weights)
    return counts / weights.sum(1, keepdim=True)


def recall(found: Tensor, exact: Tensor) -> float:
    """The share of the true k nearest that a search has found, in [0, 1].

    found, exact: indices (B, k), each row without repeats, in any order. Raises ValueError if the shapes differ or
    there is nothing to compare.
    """
    if found.ndim != 2 or found.shape != exact.shape or not found.numel():
        raise ValueError(
            f"found is {tuple(found.shape)} and exact {tuple(exact.shape)}; both must be (B, k), not empty"
        )
    return float((exact[:, :, None] == found[:, None, :]).any(2).double().mean())
