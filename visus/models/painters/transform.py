"""The image transformation net: down, residual blocks, up; repaints a picture in one pass (Johnson et al., 2016).

Differs from the paper: instance normalisation (Ulyanov et al., 2016) in place of batch normalisation; enlarging and a
convolution in place of transposed convolutions, which leave a chequered pattern (Odena et al., 2016); and it paints a
change of the picture that is none at the start, so that little training goes a long way.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GREY, RIM = 0.5, 0.01  # black and white are painted as 1 % and 99 %
SMALLEST = 8  # pixels: the rim that is mirrored must be smaller than the maps


def conv(n_in: int, n_out: int, field: int, stride: int = 1) -> nn.Sequential:
    """(B, n_in, H, W) -> (B, n_out, H / stride, W / stride); the rim is mirrored: zeros would be seen as a frame."""
    return nn.Sequential(
        # bias off: the norm that follows would cancel it
        nn.Conv2d(n_in, n_out, field, stride, padding=field // 2, padding_mode="reflect", bias=False),
        nn.InstanceNorm2d(n_out, affine=True),
    )


class Block(nn.Module):
    """Two convolutions beside a shortcut: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.refine, self.again = conv(n, n, 3), conv(n, n, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.again(F.relu(self.refine(x)))


class Transform(nn.Module):
    """Pictures (B, 3, H, W) in [0, 1] -> pictures (B, 3, H, W) in [0, 1]; H and W at least 8."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.look = conv(3, width, 5)
        self.shrink, self.shrink_again = conv(width, 2 * width, 3, stride=2), conv(2 * width, 4 * width, 3, stride=2)
        self.blocks = nn.Sequential(*(Block(4 * width) for _ in range(blocks)))
        self.grow, self.grow_again = conv(4 * width, 2 * width, 3), conv(2 * width, width, 3)
        self.paint = nn.Conv2d(width, 3, 5, padding=2, padding_mode="reflect")
        nn.init.zeros_(self.paint.weight)
        nn.init.zeros_(self.paint.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, images: Tensor) -> Tensor:
        full = F.relu(self.look(images - GREY))
        half = F.relu(self.shrink(full))
        quarter = self.blocks(F.relu(self.shrink_again(half)))  # (B, 4 * width, H / 4, W / 4)
        x = F.relu(self.grow(F.interpolate(quarter, size=half.shape[2:])))
        x = F.relu(self.grow_again(F.interpolate(x, size=full.shape[2:])))
        # not clamped: a pixel beyond the bounds would get no gradient and never come back
        return torch.sigmoid(images.clamp(RIM, 1 - RIM).logit() + self.paint(x))


def build(width: int = 16, blocks: int = 3) -> nn.Module:
    """width: channels at full size, doubled at each halving. blocks: residual blocks at a quarter of the size.

    Raises ValueError for a width below 1 or fewer than no blocks.
    """
    if width < 1 or blocks < 0:
        raise ValueError(f"width must be at least 1 and blocks at least 0; got {width} and {blocks}")
    return Transform(width, blocks)
