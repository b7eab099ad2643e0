"""U-Net: down to the coarsest map, and up again beside every finer one (Ronneberger et al., 2015).

Differs from the paper: convolutions are padded, so that the answer has the picture's size, and followed by batch
normalisation. Its way down is the paper's own, or any classifier's: with `compact`, whose first map has stride 2, it
costs a tenth.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...layers.upsampling import UPSAMPLING
from ..backbone import Backbone
from ._fitting import fitted, size_of

START = 0.01  # deviation of the scoring weights: every class is as likely, and the loss starts at ln K
WIDEST = 256  # maps at one place of the way up behind a backbone


class Twice(nn.Sequential):
    """Two 3x3 convolutions with normalisation and ReLU: (B, n_in, H, W) -> (B, n_out, H, W)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(
            *(nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()),
            *(nn.Conv2d(n_out, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()),
        )


class Down(nn.Module):
    """The paper's way down: float images (B, C, H, W) -> {1, 2, 4, ...: maps of width, 2 width, ... channels}."""

    def __init__(self, channels: int, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]
        self.channels = {2**level: n for level, n in enumerate(widths)}
        self.levels = nn.ModuleList(Twice(a, b) for a, b in zip([channels, *widths], widths, strict=False))

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        found, x = {}, images
        for number, level in enumerate(self.levels):
            x = level(F.max_pool2d(x, 2) if number else x)
            found[2**number] = x
        return found


class Up(nn.Module):
    """A coarser map, enlarged, beside a finer one: (B, n_below, h, w), (B, n_beside, H, W) -> (B, n_out, H, W)."""

    def __init__(self, n_below: int, n_beside: int, n_out: int, times: int, upsampling: str) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(n_below, n_out, 1)
        self.enlarge = UPSAMPLING[upsampling](n_out, times)
        self.join = Twice(n_out + n_beside, n_out)

    def forward(self, below: Tensor, beside: Tensor) -> Tensor:
        enlarged = fitted(self.enlarge(self.narrow(below)), size_of(beside))
        return self.join(torch.cat([enlarged, beside], 1))


class UNet(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K, H, W). widths: of the maps on the way up, finest first."""

    def __init__(
        self, down: "Down | Backbone", n_classes: int, widths: Sequence[int], upsampling: str, dropout: float
    ) -> None:
        super().__init__()
        self.down = down
        channels = down.channels
        self.strides = sorted(channels, reverse=True)
        self.up = nn.ModuleList()
        n_below = channels[self.strides[0]]
        for coarse, fine, width in zip(self.strides, self.strides[1:], reversed(widths), strict=False):
            self.up.append(Up(n_below, channels[fine], width, coarse // fine, upsampling))
            n_below = width
        self.dropout = nn.Dropout2d(dropout)
        self.scores = nn.Conv2d(n_below, n_classes, 1)
        nn.init.normal_(self.scores.weight, std=START)
        assert self.scores.bias is not None
        nn.init.zeros_(self.scores.bias)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.down(images)
        x = self.dropout(maps[self.strides[0]])
        for stride, up in zip(self.strides[1:], self.up, strict=True):
            x = up(x, maps[stride])
        scores: Tensor = self.scores(x)  # at the finest map's size
        if self.strides[-1] > 1:
            scores = F.interpolate(scores, scale_factor=self.strides[-1], mode="bilinear")
        return fitted(scores, size_of(images))


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone | None = None,
    width: int = 32,
    depth: int = 4,
    upsampling: Literal["nearest", "bilinear", "bed_of_nails", "transposed"] = "bilinear",
    dropout: float = 0.0,
) -> nn.Module:
    """width: maps of the finest level, doubled at each coarser one, up to 256 behind a backbone; the paper has 64.
    depth: halvings of the paper's own way down, where no backbone leads there. upsampling: how maps are enlarged.
    dropout: probability to drop a whole map at the bottom.
    """
    if width < 1 or depth < 1:
        raise ValueError(f"width and depth must be at least 1; got width={width}, depth={depth}")
    if backbone is not None:
        down: Down | Backbone = backbone
        widths = [min(WIDEST, width * 2**level) for level in range(len(backbone.channels) - 1)]
    else:
        down, widths = Down(image[0], width, depth), [width * 2**level for level in range(depth)]
        _start(down)
    network = UNet(down, n_classes, widths, upsampling, dropout)
    for up in network.up:
        assert isinstance(up, Up)
        _start(up.join)
    return network


def _start(module: nn.Module) -> None:
    """He's initialisation, which keeps the size of signals between ReLUs (He et al., 2015)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
