"""ResNet: layers that add to what they were given, 18 to 152 deep (He et al., 2016), names as in torchvision.

Differs from the paper as torchvision does: a bottleneck halves the resolution in its 3x3 convolution, not in its first
1x1. Below 96 pixels the stem is one 3x3 convolution without pooling, as is usual for CIFAR, so that 32 x 32 pixels are
not reduced to one before anything was seen; `cifar_resnet` is the paper's own net for CIFAR. Pre-activation: He et al.,
2016 (Identity mappings); wide: Zagoruyko and Komodakis, 2016.
"""

from typing import Literal

from torch import Tensor, nn

from . import _layout

STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
BOTTLENECK_FROM = 50  # layers
SMALL_START = 0.01  # deviation of the last layer's weights behind 512 features, so that the loss starts at ln K


def conv3x3(n_in: int, n_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)  # bias off: a batch norm would cancel it


def conv1x1(n_in: int, n_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 1, stride, bias=False)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut: H(x) = F(x) + x. A plain one has no shortcut."""

    def __init__(self, n_in: int, n_out: int, stride: int, plain: bool) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv3x3(n_in, n_out, stride), nn.BatchNorm2d(n_out)
        self.conv2, self.bn2 = conv3x3(n_out, n_out), nn.BatchNorm2d(n_out)
        projects = (stride > 1 or n_in != n_out) and not plain
        self.downsample = nn.Sequential(conv1x1(n_in, n_out, stride), nn.BatchNorm2d(n_out)) if projects else None
        self.plain = plain

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.bn1(self.conv1(x)).relu()
        x = self.bn2(self.conv2(x))
        return x.relu() if self.plain else (x + shortcut).relu()


class Bottleneck(nn.Module):
    """1x1 to fewer maps, 3x3 there, 1x1 to four times as many, and a shortcut."""

    def __init__(self, n_in: int, n_inner: int, n_out: int, stride: int, plain: bool) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv1x1(n_in, n_inner), nn.BatchNorm2d(n_inner)
        self.conv2, self.bn2 = conv3x3(n_inner, n_inner, stride), nn.BatchNorm2d(n_inner)
        self.conv3, self.bn3 = conv1x1(n_inner, n_out), nn.BatchNorm2d(n_out)
        projects = (stride > 1 or n_in != n_out) and not plain
        self.downsample = nn.Sequential(conv1x1(n_in, n_out, stride), nn.BatchNorm2d(n_out)) if projects else None
        self.plain = plain

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.bn1(self.conv1(x)).relu()
        x = self.bn2(self.conv2(x)).relu()
        x = self.bn3(self.conv3(x))
        return x.relu() if self.plain else (x + shortcut).relu()


class PreActivationBlock(nn.Module):
    """Normalise, ReLU and convolve, twice; nothing stands between one sum and the next."""

    def __init__(self, n_in: int, n_out: int, stride: int, plain: bool) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(n_in), conv3x3(n_in, n_out, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(n_out), conv3x3(n_out, n_out)
        projects = (stride > 1 or n_in != n_out) and not plain
        self.downsample = conv1x1(n_in, n_out, stride) if projects else None
        self.plain = plain

    def forward(self, x: Tensor) -> Tensor:
        ready = self.bn1(x).relu()
        shortcut = x if self.downsample is None else self.downsample(ready)
        x = self.conv1(ready)
        x = self.conv2(self.bn2(x).relu())
        return x if self.plain else x + shortcut


class PreActivationBottleneck(nn.Module):
    """Normalise, ReLU and convolve, three times: 1x1, 3x3, 1x1."""

    def __init__(self, n_in: int, n_inner: int, n_out: int, stride: int, plain: bool) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(n_in), conv1x1(n_in, n_inner)
        self.bn2, self.conv2 = nn.BatchNorm2d(n_inner), conv3x3(n_inner, n_inner, stride)
        self.bn3, self.conv3 = nn.BatchNorm2d(n_inner), conv1x1(n_inner, n_out)
        projects = (stride > 1 or n_in != n_out) and not plain
        self.downsample = conv1x1(n_in, n_out, stride) if projects else None
        self.plain = plain

    def forward(self, x: Tensor) -> Tensor:
        ready = self.bn1(x).relu()
        shortcut = x if self.downsample is None else self.downsample(ready)
        x = self.conv1(ready)
        x = self.conv2(self.bn2(x).relu())
        x = self.conv3(self.bn3(x).relu())
        return x if self.plain else x + shortcut


class ResNet(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K)."""

    def __init__(
        self, channels: int, n_classes: int, depth: int, width: int, pre_activation: bool, plain: bool, small: bool
    ) -> None:
        super().__init__()
        self.small = small
        self.conv1 = conv3x3(channels, 64) if small else nn.Conv2d(channels, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.Identity() if pre_activation else nn.BatchNorm2d(64)  # there the first block normalises
        self.relu = nn.Identity() if pre_activation else nn.ReLU()
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
        n1, n2, n3, n4 = STAGES[depth]
        kind = (depth >= BOTTLENECK_FROM, width, pre_activation, plain)
        self.layer1, n = stage(64, 64, n1, 1, *kind)
        self.layer2, n = stage(n, 128, n2, 2, *kind)
        self.layer3, n = stage(n, 256, n3, 2, *kind)
        self.layer4, n = stage(n, 512, n4, 2, *kind)
        self.last_norm = nn.Sequential(nn.BatchNorm2d(n), nn.ReLU()) if pre_activation else nn.Identity()
        self.fc = nn.Linear(n, n_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.fc.weight, std=SMALL_START * (512 / n) ** 0.5)
        nn.init.zeros_(self.fc.bias)

    def forward(self, images: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))  # (B, 64, 56, 56) of 224 x 224
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))  # (B, 512 or 2048, 7, 7)
        return self.fc(self.last_norm(x).mean((2, 3)))


def stage(
    n_in: int, n_inner: int, n_blocks: int, stride: int, deep: bool, width: int, pre_activation: bool, plain: bool
) -> tuple[nn.Sequential, int]:
    """`n_blocks` blocks, of which the first strides, and the maps they put out."""
    blocks = nn.Sequential()
    n_out = 4 * n_inner if deep else n_inner * width
    for place in range(n_blocks):
        step = stride if place == 0 else 1
        if deep:
            bottleneck = PreActivationBottleneck if pre_activation else Bottleneck
            blocks.append(bottleneck(n_in, n_inner * width, n_out, step, plain))
        else:
            block = PreActivationBlock if pre_activation else Block
            blocks.append(block(n_in, n_out, step, plain))
        n_in = n_out
    return blocks, n_out


def build(
    image: tuple[int, int, int],
    n_classes: int,
    depth: int = 18,
    width: int = 1,
    pre_activation: bool = False,
    plain: bool = False,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """depth: 18, 34, 50, 101 or 152 layers. width: factor on the maps of the 3x3 convolutions. plain: no shortcuts.

    pre_activation: normalise and bend before a convolution, not after. layout: auto is small below 96 pixels.
    """
    _layout.one_of("depth", depth, STAGES)
    _layout.at_least_1("width", width)
    return ResNet(image[0], n_classes, depth, width, pre_activation, plain, _layout.is_small(image, layout))
