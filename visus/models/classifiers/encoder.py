"""The encoder of an autoencoder with a head for classes: from scratch, or with pretrained= a run of an autoencoder.

The decoder is left behind; what was learned from pictures without labels is kept or fine-tuned (Hinton and
Salakhutdinov, 2006; Vincent et al., 2008).
"""

from typing import Literal

import torch
from torch import Tensor, nn

from ...data.canvas import GREY
from ..autoencoders._trunks import MIDDLE, Encoder, conv_encoder, dense_encoder


class Encoded(nn.Module):
    """Images (B, C, H, W) from -1 to 1 (standardise=unit) -> class scores (B, K). grey: look at their light alone."""

    light: Tensor

    def __init__(self, encoder: Encoder, n_channels: int, grey: bool) -> None:
        super().__init__()
        self.encoder, self.grey = encoder, grey
        shares = torch.tensor(GREY if n_channels == len(GREY) else [1 / n_channels] * n_channels)
        self.register_buffer("light", shares.view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        seen = (images * self.light).sum(1, keepdim=True) if self.grey else images
        scores: Tensor = self.encoder(seen / 2 + MIDDLE)
        return scores


def build(
    image: tuple[int, int, int],
    n_classes: int,
    trunk: Literal["dense", "conv"] = "dense",
    grey: bool = False,
    hidden: int = 256,
    layers: int = 2,
    width: int = 16,
    halvings: int = 2,
) -> nn.Module:
    """trunk: dense layers, or convolutions that halve the sides. grey: look at light, not at colours. hidden: units of
    a dense layer. layers: hidden ones, where dense. width, halvings: maps at full size, doubled at each halving, of a
    conv trunk.
    """
    seen = (1 if grey else image[0], image[1], image[2])
    if trunk == "conv":
        encoder = conv_encoder(seen, 0, n_classes, width, halvings, hidden)
    else:
        encoder = dense_encoder(seen, 0, n_classes, hidden, layers)
    return Encoded(encoder, image[0], grey)
