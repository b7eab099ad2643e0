"""Maps of nearly one size brought together: a stride that does not divide a side leaves a pixel over or wanting."""

from torch import Tensor
from torch.nn import functional as F


def fitted(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, h, w) -> (B, C, *size): cut, or continued by its border, on both sides alike."""
    if maps.shape[2:] == size:
        return maps
    over = [whole - wanted for whole, wanted in zip(maps.shape[2:], size, strict=True)]
    top, left = (max(0, n) // 2 for n in over)
    maps = maps[:, :, top : top + size[0], left : left + size[1]]
    lack = [wanted - there for wanted, there in zip(size, maps.shape[2:], strict=True)]
    if not any(lack):
        return maps
    above, before = (n // 2 for n in lack)
    return F.pad(maps, (before, lack[1] - before, above, lack[0] - above), mode="replicate")


def size_of(maps: Tensor) -> tuple[int, int]:
    """Height and width."""
    return maps.shape[2], maps.shape[3]
