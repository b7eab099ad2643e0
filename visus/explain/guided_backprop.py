"""Guided backprop: the gradient of the score with only what speaks for the class passed back through each ReLU."""

from torch import Tensor, nn

from ._gradients import pixel_gradients, strongest
from ._relu import ReluBackward


def explain(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Maps (B, H, W) >= 0: the guided gradient, of the three channels the largest absolute value.

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). Sharp, but mostly a picture of edges: it hardly changes
    when the weights are randomised (Adebayo et al., 2018), see `_sanity`. Raises ValueError without a ReLU.
    Source: Springenberg et al., 2015, section 3.4.
    """
    return strongest(guided_gradients(network, images, targets))


def guided_gradients(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """The guided gradient of each colour channel, (B, 3, H, W)."""
    with ReluBackward(lambda gradient, active: gradient.clamp_min(0) * active) as mode:
        gradients = pixel_gradients(network, images, targets)
    if not mode.seen:
        raise ValueError("guided_backprop needs a network with ReLUs; saliency and smooth_grad take any network")
    return gradients
