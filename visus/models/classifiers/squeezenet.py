"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters (Iandola et al., 2016), names as in torchvision.

A fire module squeezes to few maps with 1x1 convolutions and expands them with 1x1 and 3x3 ones side by side. Version
1_1, from the authors' repository, looks finer at first and pools earlier, at 2.4 times less work. Below 96 pixels the
first convolution is 3x3 at every pixel and the first pooling is left out, as is usual for CIFAR.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from . import _layout

SMALLEST = 8
SMALLEST_IMAGENET = {"1_0": 21, "1_1": 17}


class Fire(nn.Module):
    """(B, n_in, H, W) -> (B, 2 * n_expand, H, W)."""

    def __init__(self, n_in: int, n_squeeze: int, n_expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(n_in, n_squeeze, 1)
        self.expand1x1 = nn.Conv2d(n_squeeze, n_expand, 1)
        self.expand3x3 = nn.Conv2d(n_squeeze, n_expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


class SqueezeNet(nn.Module):
    """Float images (B, C, H, W), 224 x 224 in the paper -> class scores (B, K), none below 0."""

    def __init__(self, channels: int, n_classes: int, version: str, dropout: float, small: bool) -> None:
        super().__init__()
        self.small = small
        n_stem, field = (96, 7) if version == "1_0" else (64, 3)
        stem = nn.Conv2d(channels, n_stem, 3, padding=1) if small else nn.Conv2d(channels, n_stem, field, stride=2)
        fires = [Fire(n_stem, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128), Fire(256, 32, 128)]
        fires += [Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256)]
        pooled = (3, 7) if version == "1_0" else (2, 4)  # a pooling stands before these fire modules
        modules: list[nn.Module] = [stem, nn.ReLU(), nn.Identity() if small else halve()]
        for place, fire in enumerate(fires):
            modules += [halve(), fire] if place in pooled else [fire]
        self.features = nn.Sequential(*modules)  # (B, 512, 13, 13) of 224 x 224
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Conv2d(512, n_classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images)).flatten(1)


def halve() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def build(
    image: tuple[int, int, int],
    n_classes: int,
    version: Literal["1_0", "1_1"] = "1_0",
    dropout: float = 0.5,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """version: 1_0 is the paper's. dropout: of what enters the last layer. layout: auto is small below 96 pixels."""
    _layout.one_of("version", version, SMALLEST_IMAGENET)
    small = _layout.is_small(image, layout)
    _layout.require("squeezenet", image, SMALLEST if small else SMALLEST_IMAGENET[version])
    network = SqueezeNet(image[0], n_classes, version, dropout, small)
    _layout.start(network, network.classifier[1])
    return network
