"""Hue histogram: how much of a picture is red, yellow, green, ..., wherever it is."""

from typing import Literal

import torch
from torch import Tensor

from ._feature import Feature


def hue(values: Tensor) -> tuple[Tensor, Tensor]:
    """RGB (B, 3, H, W) in [0, 1] -> hue (B, H, W) in [0, 1) and chroma (B, H, W) in [0, 1]; grey has hue 0, chroma 0.

    The H of HSV: 0 is red, 1/3 green, 2/3 blue. Source: Smith, 1978, Color gamut transform pairs.
    """
    red, green, blue = values.unbind(1)
    top, which = values.max(1)
    chroma = top - values.amin(1)
    safe = chroma.clamp_min(torch.finfo(values.dtype).tiny)
    sector = torch.stack([(green - blue) / safe, 2 + (blue - red) / safe, 4 + (red - green) / safe], 1)
    turned = sector.gather(1, which[:, None])[:, 0].remainder(6) / 6
    return turned.where(chroma > 0, 0), chroma


class Hue(Feature):
    """Pictures uint8 (B, 3, H, W) -> the share of each hue (B, bins)."""

    def __init__(self, bins: int, weighting: str) -> None:
        super().__init__()
        if bins < 1:
            raise ValueError(f"hue needs at least 1 bin; got {bins}")
        self.size, self.weighting = bins, weighting

    def describe(self, images: Tensor) -> Tensor:
        angle, chroma = hue(self.values(images))
        votes = (chroma if self.weighting == "chroma" else torch.ones_like(chroma)).flatten(1)
        bins = (angle * self.size).long().clamp_max(self.size - 1).flatten(1)
        counted = votes.new_zeros(len(votes), self.size).scatter_add_(1, bins, votes)
        return counted / counted.sum(1, keepdim=True).clamp_min(torch.finfo(votes.dtype).tiny)


def build(image: tuple[int, int, int], bins: int = 10, weighting: Literal["pixel", "chroma"] = "pixel") -> Feature:
    """bins: of the colour circle. weighting: what a pixel's vote weighs; by chroma, grey ones have none."""
    return Hue(bins, weighting)
