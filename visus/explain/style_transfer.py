"""Style transfer: a picture painted like another.

The picture keeps the features of one (content: what is where) and takes the Gram matrices of the other (style: which
features go together), and is kept smooth. Each term is relative, |F - P|**2 / |P|**2 and |G - A|**2 / |A|**2, so that
the weights mean the same for any network.

Source: Gatys, Ecker and Bethge, 2016.
"""

import torch
from torch import Tensor, nn

from ..losses.style import content_loss, tv_loss
from ._contract import Show
from ._drawing import chosen, descend, features, middle, silent
from .texture_synthesis import style_distance, style_of

FREE_SIZE = True  # only convolutions are read: the picture may be larger than those the model was trained on


def picture(
    network: nn.Module,
    images: Tensor,
    style: Tensor,
    layer: str = "",
    style_layers: str = "",
    *,
    content_weight: float = 1.0,
    style_weight: float = 10.0,
    tv: float = 1.0,
    steps: int = 200,
    lr: float = 0.03,
    show: Show = silent,
) -> Tensor:
    """Images (B, 3, H, W) in [0, 1], painted like `style` (1, 3, h, w), which may be of another size.

    layer: where content is compared; nothing takes the last convolution with maps of at least an eighth of the picture.
    style_layers: names as `a,b,c`; nothing takes the first convolution of each resolution. The weights are those of the
    three terms; tv weighs the mean squared difference of neighbouring pixels. lr: first step of a pixel. Raises
    ValueError if a layer answers nothing.
    """
    layer = layer or middle(network, images)
    names = chosen(style_layers, network, style)
    wanted = style_of(network, style, names)
    with torch.no_grad():
        content = features(network, images, [layer])[layer]
    strength = content.square().sum()
    if not strength > 0:
        raise ValueError(f"layer '{layer}' puts out nothing but zeros for this picture; take another layer or picture")
    # one style for each picture of the batch, so that each counts alike
    wanted = {name: gram.expand(len(images), -1, -1) for name, gram in wanted.items()}

    def loss(pixels: Tensor) -> Tensor:
        answers = features(network, pixels, [*dict.fromkeys([layer, *names])])
        kept = content_loss(answers[layer], content, content_weight) / strength
        painted = style_weight * style_distance(answers, wanted)
        return len(pixels) * (kept + painted + tv_loss(pixels, tv) / pixels.numel())

    return descend(images, loss, steps, lr, show)
