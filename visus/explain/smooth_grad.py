"""SmoothGrad: saliency averaged over noisy copies of the picture, which removes much of its speckle."""

import torch
from torch import Tensor, nn

from ._gradients import pixel_gradients, strongest


def explain(
    network: nn.Module, images: Tensor, targets: Tensor, copies: int = 25, noise: float = 0.15, seed: int = 0
) -> Tensor:
    """Maps (B, H, W) >= 0: the mean gradient over `copies` noisy pictures, as absolute value of the largest channel.

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). noise: standard deviation as a share of each picture's
    range of values. Raises ValueError for copies below 1 or negative noise. Source: Smilkov et al., 2017, section 3.
    """
    if copies < 1 or noise < 0:
        raise ValueError(f"copies must be at least 1 and noise at least 0; got copies={copies}, noise={noise:g}")
    dice = torch.Generator().manual_seed(seed)
    spread = noise * (images.amax((1, 2, 3), keepdim=True) - images.amin((1, 2, 3), keepdim=True))
    total = torch.zeros_like(images)
    for _ in range(copies):
        speckle = torch.randn(images.shape, generator=dice).to(images)
        total += pixel_gradients(network, images + spread * speckle, targets)
    return strongest(total / copies)
