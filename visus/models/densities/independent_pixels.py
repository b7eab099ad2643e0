"""Independent pixels: how often each value had each level, and nothing about its neighbours.

A value that was never seen at a level leans on how often its whole channel was: p = (count + a share) / (N + a), as if
`a` further pictures had been seen whose pixels are the channel's histogram.
"""

import torch
from torch import Tensor

from ...data.canvas import Canvas
from ._products import Products

LEANINGS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


class IndependentPixels(Products):
    """Each value by its own histogram. lean: pictures lent to it; 0: what makes a picture left out the likeliest."""

    log_shares: Tensor  # (D, L)

    def __init__(self, canvas: Canvas, n_classes: int, lean: float) -> None:
        super().__init__(canvas, n_classes, ("log_shares",))
        if lean < 0:
            raise ValueError(f"lean must be at least 0, pictures; got {lean:g}")
        self.lean = lean

    def _fit(self, values: Tensor, dice: torch.Generator) -> None:
        D, L, C = self.canvas.values, self.canvas.levels, self.canvas.channels
        counts = torch.zeros(D * L, dtype=torch.float64)
        for some in values.split(1000):
            places = torch.arange(D) * L + some
            counts += torch.bincount(places.flatten(), minlength=D * L)
        counts = counts.view(D, L)
        channel = counts.view(C, D // C, L).sum(1) + 1  # no level is impossible
        shares = (channel / channel.sum(1, keepdim=True)).repeat_interleave(D // C, 0)
        lean = self.lean or max(LEANINGS, key=lambda a: _left_out(counts, shares, a))
        self.log_shares = ((counts + lean * shares) / (len(values) + lean)).log().float()
        self._kept = None

    def _table(self) -> Tensor:
        return self.log_shares.reshape(-1, 1)

    def _weights(self) -> Tensor:
        return self.log_shares.new_zeros(1)


def _left_out(counts: Tensor, shares: Tensor, lean: float) -> float:
    """The likelihood of every picture given all the others, nats: counts and shares (D, L)."""
    others = (counts - 1).clamp_min(0) + lean * shares
    return float((counts * (others / (counts.sum(1, keepdim=True) - 1 + lean)).log()).sum())


def build(canvas: Canvas, n_classes: int = 0, lean: float = 0.0) -> IndependentPixels:
    """lean: pictures' worth of the whole channel's histogram lent to each pixel's; 0: found by leaving one out."""
    return IndependentPixels(canvas, n_classes, lean)
