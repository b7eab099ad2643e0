"""Cross-entropy of every pixel that counts, and weights by which rare classes weigh as much as common ones."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = 255  # a pixel of no class
Balance = Literal["none", "root", "inverse", "median_frequency"]


def pixel_cross_entropy(
    scores: Tensor, labels: Tensor, weights: Tensor | None = None, ignore: int = IGNORE, smoothing: float = 0.0
) -> Tensor:
    """Mean of -log softmax(scores)[label] over the pixels that count, in nats, in [0, inf); 0 where none counts.

    scores: (B, K, H, W) logits; labels: (B, H, W) integers in [0, K) or `ignore`. weights: (K,) of the classes; the
    mean is weighted, so that a blind guess scores ln K whatever they are. smoothing: share of the truth spread over all
    classes. Half precision is computed in float32. Raises ValueError where the shapes do not fit.
    Source: Shelhamer et al., 2017, section 3.
    """
    check(scores, labels)
    scores = widened(scores)
    counted = labels != ignore
    each = None if weights is None else weights.to(scores)
    total = F.cross_entropy(
        scores, labels, weight=each, ignore_index=ignore, label_smoothing=smoothing, reduction="sum"
    )
    if each is None:
        return total / counted.sum().clamp_min(1)
    share = each[labels.masked_fill(~counted, 0)].masked_fill(~counted, 0).sum()
    return total / share.clamp_min(torch.finfo(scores.dtype).tiny)


def none(pixels: Tensor, present: Tensor) -> Tensor:
    """Every pixel counts alike."""
    return torch.ones_like(pixels)


def inverse(pixels: Tensor, present: Tensor) -> Tensor:
    """One over each class's share of the pixels, brought to a mean of 1 over the pixels."""
    return _bounded(pixels.sum() / (pixels.clamp_min(1) * (pixels > 0).sum().clamp_min(1)), pixels)


def median_frequency(pixels: Tensor, present: Tensor) -> Tensor:
    """Median share over a class's own, its share taken in the pictures that show it (Eigen and Fergus, 2015, 6.3.2)."""
    share = pixels / present.clamp_min(1)
    there = pixels > 0
    if not bool(there.any()):
        return torch.ones_like(pixels)
    return _bounded(share[there].median() / share.clamp_min(torch.finfo(share.dtype).tiny), pixels)


def root(pixels: Tensor, present: Tensor) -> Tensor:
    """The roots of `median_frequency`: rare classes count more, and common ones are not given up for them."""
    return median_frequency(pixels, present).sqrt()


# name -> pixels of each class (K,) and pixels of the pictures that show it (K,), of the training part -> weights (K,)
BALANCES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "none": none,
    "root": root,
    "inverse": inverse,
    "median_frequency": median_frequency,
}


def check(scores: Tensor, labels: Tensor) -> None:
    """Raise ValueError unless scores are (B, K, H, W) and labels (B, H, W)."""
    if scores.ndim != 4 or labels.shape != (len(scores), *scores.shape[2:]):
        raise ValueError(
            f"scores are {tuple(scores.shape)} and labels {tuple(labels.shape)}; scores must be (B, K, H, W), labels "
            "(B, H, W)"
        )


def widened(scores: Tensor) -> Tensor:
    """Half precision as float32: a sum over a million pixels has more digits than bfloat16."""
    return scores.float() if scores.dtype in (torch.bfloat16, torch.float16) else scores


def _bounded(weights: Tensor, pixels: Tensor) -> Tensor:
    """A class that training never shows has no weight: there is nothing to weigh."""
    return torch.where(pixels > 0, weights, torch.zeros_like(weights)).float()
