"""Saliency: which pixels would change the score most, from the gradient of the class score."""

from torch import Tensor, nn

from ._gradients import pixel_gradients, strongest


def explain(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Maps (B, H, W) >= 0: |d score / d pixel|, of the three channels the largest.

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). Source: Simonyan et al., 2014, section 3.
    """
    return strongest(pixel_gradients(network, images, targets))
