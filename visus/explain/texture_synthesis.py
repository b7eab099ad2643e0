"""Texture synthesis: a picture with the same Gram matrices as another, from noise.

Features that answer together are kept, where they do is forgotten: grass becomes other grass, a face is taken apart.
Each layer counts alike, as |G - A|**2 / |A|**2, so that any network serves, whatever the scale of its layers.

Source: Gatys, Ecker and Bethge, 2015.
"""

import torch
from torch import Tensor, nn

from ..losses.style import gram_matrix, style_loss, tv_loss
from ._contract import Show
from ._drawing import chosen, descend, features, noise, silent

FREE_SIZE = True  # only convolutions are read: the picture may be larger than those the model was trained on


def picture(
    network: nn.Module,
    style: Tensor,
    layers: str = "",
    *,
    steps: int = 300,
    lr: float = 0.05,
    tv: float = 1.0,
    seed: int = 0,
    show: Show = silent,
) -> Tensor:
    """A picture of the size and with the texture of `style` (B, 3, H, W), in [0, 1].

    layers: names as `a,b,c`; nothing takes the first convolution of each resolution. tv: weight of smoothness. lr: the
    first step of a pixel. Raises ValueError if a layer answers nothing to the picture.
    """
    names = chosen(layers, network, style)
    wanted = style_of(network, style, names)

    def loss(pixels: Tensor) -> Tensor:
        return style_distance(features(network, pixels, names), wanted) + tv_loss(pixels, tv) / pixels.numel()

    return descend(noise(style.shape, network, seed), loss, steps, lr, show)


@torch.no_grad()
def style_of(network: nn.Module, style: Tensor, names: list[str]) -> dict[str, Tensor]:
    """The Gram matrix (B, C, C) of each named layer. Raises ValueError for a layer that answers nothing."""
    grams = {name: gram_matrix(out) for name, out in features(network, style, names).items()}
    for name, gram in grams.items():
        if not gram.abs().amax() > 0:
            raise ValueError(f"layer '{name}' puts out nothing but zeros for the style picture; leave it out")
    return grams


def style_distance(answers: dict[str, Tensor], wanted: dict[str, Tensor]) -> Tensor:
    """How far the style of these features is from the wanted one: the mean over layers of |G - A|**2 / |A|**2."""
    each = [style_loss(gram_matrix(answers[name]), gram) / gram.square().sum() for name, gram in wanted.items()]
    return torch.stack(each).mean()
