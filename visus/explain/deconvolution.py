"""Deconvolution: positive signals sent back from the score to the pixels, whatever the ReLUs did going forward."""

from torch import Tensor, nn

from ._gradients import pixel_gradients, strongest
from ._relu import ReluBackward


def explain(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Maps (B, H, W) >= 0: what arrives at the pixels, of the three channels the largest absolute value.

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). Max-pooling sends back to where its maximum was.
    Raises ValueError without a ReLU. Source: Zeiler and Fergus, 2014, section 2.1, started at the class score.
    """
    with ReluBackward(lambda gradient, _: gradient.clamp_min(0)) as mode:
        signals = pixel_gradients(network, images, targets)
    if not mode.seen:
        raise ValueError("deconvolution needs a network with ReLUs; saliency and smooth_grad take any network")
    return strongest(signals)
