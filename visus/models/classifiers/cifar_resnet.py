"""The residual net for pictures of 32 x 32, 6 n + 2 layers deep (He et al., 2016, section 4.2).

shortcut=none makes the plain net beside it: the same layers, of which 56 do worse than 20 even on the training part.
"""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from . import _layout

Shortcut = Literal["none", "pad", "project"]
WIDTHS = (16, 32, 64)


class Block(nn.Module):
    """Two 3x3 convolutions, and a shortcut around them unless it is "none".

    Where the number of maps grows the shortcut pads with maps of zeros (the paper's option A, without parameters), or
    projects with a 1x1 convolution (option B).
    """

    def __init__(self, n_in: int, n_out: int, stride: int, shortcut: Shortcut) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False), nn.BatchNorm2d(n_out)
        self.conv2, self.bn2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out)
        projects = shortcut == "project" and (stride > 1 or n_in != n_out)
        self.project = (
            nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)) if projects else None
        )
        self.stride, self.n_fresh, self.plain = stride, n_out - n_in, shortcut == "none"

    def forward(self, x: Tensor) -> Tensor:
        change = self.bn1(self.conv1(x)).relu()
        change = self.bn2(self.conv2(change))
        return change.relu() if self.plain else (self.around(x) + change).relu()

    def around(self, x: Tensor) -> Tensor:
        if self.project is not None:
            return self.project(x)
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.n_fresh))


class CifarResNet(nn.Module):
    """Float images (B, C, H, W), 32 x 32 in the paper -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, depth: int, shortcut: Shortcut, width: int) -> None:
        super().__init__()
        n_blocks, (n1, n2, n3) = (depth - 2) // 6, (width * maps for maps in WIDTHS)
        self.conv1, self.bn1 = nn.Conv2d(channels, n1, 3, padding=1, bias=False), nn.BatchNorm2d(n1)
        self.layer1 = stage(n1, n1, n_blocks, 1, shortcut)
        self.layer2 = stage(n1, n2, n_blocks, 2, shortcut)
        self.layer3 = stage(n2, n3, n_blocks, 2, shortcut)
        self.fc = nn.Linear(n3, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.bn1(self.conv1(images)).relu()  # (B, 16, 32, 32)
        x = self.layer3(self.layer2(self.layer1(x)))  # (B, 64, 8, 8)
        return self.fc(x.mean((2, 3)))


def stage(n_in: int, n_out: int, n_blocks: int, stride: int, shortcut: Shortcut) -> nn.Sequential:
    rest = (Block(n_out, n_out, 1, shortcut) for _ in range(n_blocks - 1))
    return nn.Sequential(Block(n_in, n_out, stride, shortcut), *rest)


def build(
    image: tuple[int, int, int],
    n_classes: int,
    depth: int = 20,
    shortcut: Literal["none", "pad", "project"] = "pad",
    width: int = 1,
) -> nn.Module:
    """depth: 6 n + 2 layers, such as 20, 32, 44, 56, 110. shortcut: none is a plain net. width: factor on all maps."""
    _layout.one_of("shortcut", shortcut, ("none", "pad", "project"))
    _layout.at_least_1("width", width)
    n = max(1, round((depth - 2) / 6))
    if depth != 6 * n + 2:
        raise ValueError(
            f"depth must be 6 n + 2, such as 20, 32, 44, 56 or 110; got {depth}, and {6 * n + 2} is nearest"
        )
    network = CifarResNet(image[0], n_classes, depth, shortcut, width)
    _layout.start(network, network.fc)
    return network
