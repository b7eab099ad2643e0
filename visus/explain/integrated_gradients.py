"""Integrated gradients: what each pixel added to the score on the way from an empty picture to this one."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ._gradients import chosen, pixel_gradients, scores_of

Baseline = Literal["black", "grey", "white", "blurred"]
LEVELS = {"black": 0.0, "grey": 0.5, "white": 1.0}
BLUR_SHARE = 4  # of the shorter side: what is left are colours, no shapes


def explain(
    network: nn.Module, images: Tensor, targets: Tensor, baseline: Baseline = "black", steps: int = 50
) -> Tensor:
    """Signed maps (B, H, W) whose sum is the score of the picture minus that of the baseline (completeness).

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). baseline: the picture that stands for nothing, black,
    grey, white or blurred; pixels equal to it get 0. steps: points of Gauss-Legendre quadrature along the straight
    line; `gap` says whether they were enough.
    Raises ValueError for steps below 1 or an unknown baseline. Source: Sundararajan et al., 2017, sections 3 and 5.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1; got {steps}")
    start = empty(images, baseline)
    places, weights = np.polynomial.legendre.leggauss(steps)  # on [-1, 1]
    mean = torch.zeros_like(images)
    for place, weight in zip(places, weights, strict=True):
        mean += weight / 2 * pixel_gradients(network, torch.lerp(start, images, (1 + place) / 2), targets)
    return ((images - start) * mean).sum(1)


def gap(network: nn.Module, images: Tensor, targets: Tensor, maps: Tensor, baseline: Baseline = "black") -> Tensor:
    """How far completeness is missed, (B,): |sum of the map - score difference|, a share of all the map gives out.

    Above about 0.02 take more steps. A share of the sum of absolute values, because the score difference may be near 0.
    """
    with torch.no_grad():
        there = chosen(scores_of(network, images), targets)
        owed = there - chosen(scores_of(network, empty(images, baseline)), targets)
    return (maps.sum((1, 2)) - owed).abs() / maps.abs().sum((1, 2)).clamp_min(1e-12)


def empty(images: Tensor, baseline: Baseline) -> Tensor:
    """The baseline of each picture, of the pictures' shape."""
    if baseline in LEVELS:
        return torch.full_like(images, LEVELS[baseline])
    if baseline != "blurred":
        raise ValueError(f"baseline must be black, grey, white or blurred; got '{baseline}'")
    reach = max(1, min(images.shape[2:]) // BLUR_SHARE)
    blur = nn.AvgPool2d(2 * reach + 1, stride=1, padding=reach, count_include_pad=False)
    return blur(images)
