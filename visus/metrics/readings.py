"""What a classifier reads in samples: how many it is sure of, and whether all classes are drawn alike often."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CONFIDENT = 0.9  # probability of the likeliest class from which a sample counts as read


@dataclass(frozen=True)
class Readings:
    """confident: share of samples in [0, 1]; counts: int64 (K,), samples whose likeliest class is k, sure or not."""

    confident: float
    counts: NDArray[np.int64]

    @property
    def most_uneven(self) -> float:
        """The factor by which the class farthest from an equal share is off, at least 1; infinite if one is missing."""
        equal = self.counts.sum() / len(self.counts)
        return (
            float("inf") if not self.counts.min() else float(max(self.counts.max() / equal, equal / self.counts.min()))
        )


def readings(probabilities: Tensor, least: float = CONFIDENT) -> Readings:
    """Of class probabilities (N, K). least: of the likeliest class, from which a sample is read confidently.

    Raises ValueError for none, or rows that do not sum to 1.
    """
    if probabilities.ndim != 2 or not len(probabilities):
        raise ValueError(
            f"class probabilities (N, K) of at least one sample are needed; got {tuple(probabilities.shape)}"
        )
    if not torch.allclose(
        probabilities.double().sum(1), torch.ones(len(probabilities), dtype=torch.float64), atol=1e-3
    ):
        raise ValueError("the probabilities of a sample must sum to 1; these are scores: take their softmax first")
    sure, which = probabilities.max(1)
    counts = torch.bincount(which, minlength=probabilities.shape[1])
    return Readings(float((sure >= least).double().mean()), counts.cpu().numpy())
