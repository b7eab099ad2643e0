"""Trunks that look at stacked frames through convolutions: what they share."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...geometry.spaces import Observed


class Convolving(nn.Module):
    """Pictures (B, C, H, W), uint8 or float32 -> features (B, width): {convolution - ReLU} x n - linear - ReLU.

    layers: (channels, kernel, stride) of each convolution, without padding. width: how many features come out. Bytes
    are brought to [0, 1]. Raises ValueError for pictures that are too small for the kernels, or no pictures.
    """

    def __init__(self, observed: Observed, layers: Sequence[tuple[int, int, int]], width: int) -> None:
        super().__init__()
        if len(observed.shape) != 3:
            raise ValueError(f"a trunk of convolutions needs pictures (C, H, W); got {observed.shape}: take trunk=mlp")
        channels, *sides = observed.shape
        self.width, self.brightest = width, brightest(observed)
        modules: list[nn.Module] = []
        for n_out, kernel, stride in layers:
            sides = [(side - kernel) // stride + 1 for side in sides]
            modules += [nn.Conv2d(channels, n_out, kernel, stride), nn.ReLU()]
            channels = n_out
        if min(sides) < 1:
            need = smallest_side(layers)
            raise ValueError(
                f"pictures of {observed.shape[1]} x {observed.shape[2]} are too small for these convolutions, "
                f"which need at least {need} x {need}; take trunk=minatar or trunk=mlp"
            )
        self.see = nn.Sequential(*modules, nn.Flatten())
        self.summarise = nn.Sequential(nn.Linear(channels * sides[0] * sides[1], width), nn.ReLU())

    def forward(self, observations: Tensor) -> Tensor:
        return self.summarise(self.see(scaled(observations, self.brightest, self.summarise)))


def brightest(observed: Observed) -> float:
    """What observations are divided by: bytes come to [0, 1], numbers stay as they are."""
    return 255.0 if observed.dtype == "uint8" else 1.0


def scaled(observations: Tensor, brightest: float, layers: nn.Sequential) -> Tensor:
    """Observations in the precision of the weights of `layers`, divided by `brightest`.

    Bytes come at once to the precision that is computed in: they are exact in half of it, and are many.
    """
    weights: torch.dtype = layers[0].weight.dtype  # type: ignore[assignment]  # a linear layer
    if brightest == 1:
        return observations.to(weights)
    device = observations.device.type
    computed = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weights
    return observations.to(computed) / brightest


def smallest_side(layers: Sequence[tuple[int, int, int]]) -> int:
    """Pixels that leave one place after the last convolution."""
    side = 1
    for _, kernel, stride in reversed(layers):
        side = (side - 1) * stride + kernel
    return side
