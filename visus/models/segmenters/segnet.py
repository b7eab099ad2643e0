"""SegNet: pooled down with the places of the largest values remembered, and up again to these (Badrinarayanan, 2017).

Differs from the paper: two 3x3 convolutions a level and any width, for pictures of a few hundred pixels; the paper's
way down is VGG-16's.
"""

from torch import Tensor, nn

from ...layers.upsampling import max_pool, max_unpool
from ._fitting import size_of
from .unet import START, Twice, _start

WIDEST = 8  # times the first level's maps


class SegNet(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K, H, W)."""

    def __init__(self, channels: int, n_classes: int, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * min(WIDEST, 2**level) for level in range(depth)]
        self.down = nn.ModuleList(Twice(a, b) for a, b in zip([channels, *widths], widths, strict=False))
        self.up = nn.ModuleList(Twice(b, a) for a, b in zip([widths[0], *widths], widths, strict=False))
        self.scores = nn.Conv2d(widths[0], n_classes, 1)
        _start(self)
        nn.init.normal_(self.scores.weight, std=START)
        assert self.scores.bias is not None
        nn.init.zeros_(self.scores.bias)

    def forward(self, images: Tensor) -> Tensor:
        x, remembered = images, []
        for level in self.down:
            x = level(x)
            size = size_of(x)
            x, places = max_pool(x)
            remembered.append((places, size))
        for level, (places, size) in zip(reversed(self.up), reversed(remembered), strict=True):
            x = level(max_unpool(x, places, size))  # each value back to where the largest one was
        return self.scores(x)


def build(image: tuple[int, int, int], n_classes: int, width: int = 32, depth: int = 4) -> nn.Module:
    """width: maps of the first level, doubled at each further one up to eightfold. depth: how often the side is halved.

    Raises ValueError for a picture that has nothing left after so many halvings.
    """
    if width < 1 or depth < 1:
        raise ValueError(f"width and depth must be at least 1; got width={width}, depth={depth}")
    if min(image[1:]) < 2**depth:
        raise ValueError(
            f"segnet with depth={depth} needs pictures of at least {2**depth} pixels a side and these are "
            f"{image[1]} x {image[2]}; set a smaller depth"
        )
    return SegNet(image[0], n_classes, width, depth)
