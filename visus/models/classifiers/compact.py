"""A compact residual net for large pictures: one block of two 3x3 convolutions a stage, strides 2 to 32.

Made to be trained from the start on a CPU, also below detectors and segmenters: 2.4 million weights, and each stage
from stride 4 on costs about as much as the one before. Blocks as in ResNet (He et al., 2016). Below 96 pixels the stem
does not stride.
"""

from typing import Literal

from torch import Tensor, nn

from . import _layout
from .resnet import Block

WIDTHS = (1, 2, 4, 8, 8)  # of the stem and the stages, times the setting


class Compact(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, width: int, depth: int, small: bool) -> None:
        super().__init__()
        self.small = small
        stem, *widths = (width * factor for factor in WIDTHS)
        self.conv1 = nn.Conv2d(channels, stem, 3, 1 if small else 2, padding=1, bias=False)  # the norm has a bias
        self.bn1, self.relu = nn.BatchNorm2d(stem), nn.ReLU()  # (B, 32, H/2, W/2)
        self.layer1 = _stage(stem, widths[0], depth)  # (B, 64, H/4, W/4)
        self.layer2 = _stage(widths[0], widths[1], depth)  # (B, 128, H/8, W/8)
        self.layer3 = _stage(widths[1], widths[2], depth)  # (B, 256, H/16, W/16)
        self.layer4 = _stage(widths[2], widths[3], depth)  # (B, 256, H/32, W/32)
        self.fc = nn.Linear(widths[3], n_classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(images)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def _stage(n_in: int, n_out: int, depth: int) -> nn.Sequential:
    further = [Block(n_out, n_out, 1, plain=False) for _ in range(depth - 1)]
    return nn.Sequential(Block(n_in, n_out, 2, plain=False), *further)


def build(
    image: tuple[int, int, int],
    n_classes: int,
    width: int = 32,
    depth: int = 1,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """width: maps of the stem; the stages have 2, 4, 8 and 8 times as many. depth: blocks a stage.

    layout: auto is small, without a stride in the stem, below 96 pixels.
    """
    _layout.at_least_1("width", width)
    _layout.at_least_1("depth", depth)
    network = Compact(image[0], n_classes, width, depth, _layout.is_small(image, layout))
    _layout.start(network, network.fc)
    return network
