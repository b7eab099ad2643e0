"""Feature inversion: what of a picture can still be told from the features of a layer.

A picture is sought, from noise, whose features at the layer equal those of the given one: |F(x) - F|**2 / |F|**2 + tv *
the mean squared difference of neighbouring pixels. What the layer forgets, colour, place or texture, comes back wrong.

Source: Mahendran and Vedaldi, 2015.
"""

import torch
from torch import Tensor, nn

from ..losses.style import content_loss, tv_loss
from ._contract import Show
from ._drawing import descend, features, middle, noise, silent


def picture(
    network: nn.Module,
    images: Tensor,
    layer: str = "",
    *,
    steps: int = 300,
    lr: float = 0.05,
    tv: float = 10.0,
    seed: int = 0,
    show: Show = silent,
) -> Tensor:
    """Pictures (B, 3, H, W) in [0, 1] whose features at `layer` are those of the images (B, 3, H, W).

    layer: a dotted name; nothing takes the last convolution with maps of at least an eighth of the picture. tv: weight
    of smoothness, which fills in what the layer leaves open. lr: first step of a pixel. Raises ValueError if a layer
    answers nothing to the picture.
    """
    layer = layer or middle(network, images)
    with torch.no_grad():
        wanted = features(network, images, [layer])[layer]
    strength = wanted.square().sum()
    if not strength > 0:
        raise ValueError(f"layer '{layer}' puts out nothing but zeros for this picture; take another layer or picture")

    def loss(pixels: Tensor) -> Tensor:
        found = features(network, pixels, [layer])[layer]
        return len(pixels) * (content_loss(found, wanted) / strength + tv_loss(pixels, tv) / pixels.numel())

    # little noise: what no feature asks for stays as it starts
    return descend(noise(images.shape, network, seed, spread=0.05), loss, steps, lr, show)
