"""DenseNet: every layer sees the maps of all layers before it (Huang et al., 2017), names as in torchvision.

The variant with bottlenecks and compression, DenseNet-BC. Below 96 pixels the stem is one 3x3 convolution without
pooling, as in the paper's CIFAR nets.
"""

from collections import OrderedDict
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import _layout

SMALLEST, SMALLEST_IMAGENET = 8, 29
BLOCKS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}  # layers of each block, table 1
BOTTLENECK = 4  # a 1x1 convolution first reduces all there is to so many times the growth


class DenseLayer(nn.Module):
    """(B, n_in, H, W) -> (B, n_in + growth, H, W): all that came, and `growth` maps more."""

    def __init__(self, n_in: int, growth: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(n_in)
        self.conv1 = nn.Conv2d(n_in, BOTTLENECK * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * growth)
        self.conv2 = nn.Conv2d(BOTTLENECK * growth, growth, 3, padding=1, bias=False)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        fresh = self.conv1(self.norm1(x).relu())
        fresh = self.conv2(self.norm2(fresh).relu())
        return torch.cat([x, F.dropout(fresh, self.dropout, self.training)], 1)


def transition(n_in: int, n_out: int) -> nn.Sequential:
    """(B, n_in, H, W) -> (B, n_out, H/2, W/2)."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(n_in), relu=nn.ReLU(), conv=nn.Conv2d(n_in, n_out, 1, bias=False), pool=nn.AvgPool2d(2)
        )
    )


class DenseNet(nn.Module):
    """Float images (B, C, H, W), 224 x 224 in the paper -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, depth: int, growth: int, dropout: float, small: bool) -> None:
        super().__init__()
        self.small = small
        n = 2 * growth
        self.features = nn.Sequential(
            OrderedDict[str, nn.Module](
                conv0=nn.Conv2d(channels, n, 3, padding=1, bias=False)
                if small
                else nn.Conv2d(channels, n, 7, stride=2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(n),
                relu0=nn.ReLU(),
                pool0=nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1),
            )
        )
        for block, n_layers in enumerate(BLOCKS[depth], start=1):
            layers = {f"denselayer{i + 1}": DenseLayer(n + i * growth, growth, dropout) for i in range(n_layers)}
            self.features.add_module(f"denseblock{block}", nn.Sequential(OrderedDict(layers)))
            n += n_layers * growth
            if block < len(BLOCKS[depth]):
                self.features.add_module(f"transition{block}", transition(n, n // 2))
                n //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(n))  # (B, 1024, 7, 7) of 224 x 224
        self.classifier = nn.Linear(n, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images).relu().mean((2, 3)))


def build(
    image: tuple[int, int, int],
    n_classes: int,
    depth: int = 121,
    growth: int = 32,
    dropout: float = 0.0,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """depth: 121, 169 or 201 layers. growth: maps each layer adds. dropout: probability to drop one of those values.

    layout: auto is small below 96 pixels.
    """
    _layout.one_of("depth", depth, BLOCKS)
    _layout.at_least_1("growth", growth)
    small = _layout.is_small(image, layout)
    _layout.require("densenet", image, SMALLEST if small else SMALLEST_IMAGENET)
    network = DenseNet(image[0], n_classes, depth, growth, dropout, small)
    _layout.start(network, network.classifier)
    return network
