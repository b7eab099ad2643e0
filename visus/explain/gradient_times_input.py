"""Gradient times input: how much each pixel adds to the score, were the network linear."""

from torch import Tensor, nn

from ._gradients import pixel_gradients


def explain(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Signed maps (B, H, W): pixel times its gradient, summed over channels; black pixels always get 0.

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). Source: Shrikumar et al., 2016, section 2.
    """
    return (images * pixel_gradients(network, images, targets)).sum(1)
