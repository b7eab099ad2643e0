"""Several features side by side, standardised like pixels are: the first layer of a model that looks at features."""

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from ._feature import Feature

CONSTANT = 1e-6  # a column that varies by less, in its own unit, is constant: dividing would only make rounding loud


class Described(nn.Module):
    """Pictures uint8 (B, 3, H, W) -> standardised descriptions (B, D); descriptions made before pass as they are.

    parts: features, whose columns stand side by side. Mean and deviation come from the training part only and are saved
    with the weights; a constant column becomes 0.
    """

    def __init__(self, parts: Sequence[Feature]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.columns = [(part.size, part.shared_scale) for part in parts]
        self.size = sum(part.size for part in parts)
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("std", torch.ones(self.size))
        self.mean: Tensor
        self.std: Tensor

    def fit(self, images: Tensor) -> None:
        """Let every feature learn what it needs from training pictures uint8 (N, 3, H, W)."""
        for part in self.parts:
            cast(Feature, part).fit(images)

    def settle(self, descriptions: Iterable[Tensor]) -> None:
        """Take mean and deviation from descriptions (B, D) of the whole training part, in pieces."""
        n, total, squares = 0, self.mean.double() * 0, self.mean.double() * 0
        for rows in descriptions:
            n, total, squares = n + len(rows), total + rows.double().sum(0), squares + rows.double().square().sum(0)
        mean = total / n
        variance = (squares / n - mean.square()).clamp_min(0)
        for own, (_, shared) in zip(variance.split([size for size, _ in self.columns]), self.columns, strict=True):
            if shared:
                own.fill_(own.mean())  # a view: it changes the variance itself
        std = variance.sqrt()
        self.mean, self.std = mean.to(self.mean), std.where(std > CONSTANT * (1 + mean.abs()), torch.inf).to(self.std)

    def describe(self, images: Tensor) -> Tensor:
        """uint8 (B, 3, H, W) -> (B, D), each feature in its own unit."""
        with torch.autocast(images.device.type, enabled=False):  # eight bits of mantissa blur the bins of a histogram
            return torch.cat([part(images) for part in self.parts], 1)

    def standardised(self, descriptions: Tensor) -> Tensor:
        """(B, D) -> (B, D) with mean 0 and deviation 1 over the training part."""
        return (descriptions - self.mean) / self.std

    def forward(self, inputs: Tensor) -> Tensor:
        if inputs.ndim == 2:
            return inputs
        if inputs.is_floating_point():  # pixels that something was done to: features look at bytes
            inputs = inputs.detach().round().clamp(0, 255).to(torch.uint8)
        return self.standardised(self.describe(inputs))
