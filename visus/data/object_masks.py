"""The masks of marked objects, painted once: kept as bits, cut to their boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..geometry.masks import polygon_mask, rle_decode
from .annotations import Objects, Outline, Rle

MOST_BYTES = 2**29  # of bits kept: the masks of about 100,000 objects of 200 x 200 pixels; more are painted anew


@dataclass(frozen=True)
class _Cut:
    """A mask without its empty borders."""

    top: int
    left: int
    height: int
    width: int
    bits: NDArray[np.uint8]


class ObjectMasks:
    """Masks of the objects of each row, in pictures of height x width pixels."""

    def __init__(self, objects: Sequence[Objects], height: int, width: int, most_bytes: int = MOST_BYTES) -> None:
        self.objects, self.height, self.width = objects, height, width
        self.room = most_bytes
        self._kept: dict[int, list[_Cut]] = {}

    def of(self, row: int) -> Tensor:
        """uint8 (N, H, W) of 0 and 1; empty for an object of which only the box is marked."""
        masks = torch.zeros(len(self.objects[row]), self.height, self.width, dtype=torch.uint8)
        for mask, cut in zip(masks, self._cuts(row), strict=True):
            painted = np.unpackbits(cut.bits, count=cut.height * cut.width).reshape(cut.height, cut.width)
            mask[cut.top : cut.top + cut.height, cut.left : cut.left + cut.width] = torch.from_numpy(painted)
        return masks

    def _cuts(self, row: int) -> list[_Cut]:
        if row in self._kept:
            return self._kept[row]
        cuts = [_cut(painted(outline, self.height, self.width)) for outline in self.objects[row].outlines]
        size = sum(cut.bits.nbytes for cut in cuts)
        if size <= self.room:
            self.room -= size
            self._kept[row] = cuts
        return cuts


def painted(outline: Outline | None, height: int, width: int) -> NDArray[np.bool_]:
    """The mask (H, W) of an outline in a picture of height x width pixels; empty for None."""
    if outline is None:
        return np.zeros((height, width), dtype=bool)
    if isinstance(outline, Rle):
        return np.asarray(rle_decode(outline.counts, outline.height, outline.width), dtype=bool)
    return np.asarray(polygon_mask(outline, height, width), dtype=bool)


def _cut(mask: NDArray[np.bool_]) -> _Cut:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return _Cut(0, 0, 0, 0, np.empty(0, dtype=np.uint8))
    top, left, bottom, right = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    return _Cut(top, left, bottom - top, right - left, np.packbits(mask[top:bottom, left:right]))
