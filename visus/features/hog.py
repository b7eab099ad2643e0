"""Histograms of oriented gradients: which way edges run, in each cell of a picture (Dalal and Triggs, 2005).

Differs from the paper: votes are shared between the two nearest orientations but stay in their own cell, and no
Gaussian window weights a block. `votes="whole"` gives every vote to one orientation.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ._feature import Feature, luma, refuse_small

COURSE_GREY = (0.299, 0.587, 0.144)  # as printed in the course's assignment; the weights should sum to 1 (0.114)
TINY = 1e-6  # of a block's length: in a plain wall there is nothing to normalise


def gradients(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Brightness (B, H, W) -> its centred differences (down, right), each (B, H, W); 0 at the border they run into."""
    down, right = torch.zeros_like(grey), torch.zeros_like(grey)
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    right[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    return down, right


def cells(strength: Tensor, angle: Tensor, orientations: int, cell: int, whole: bool = False) -> Tensor:
    """Votes of pixels, gathered: mean strength per orientation in each cell, (B, orientations, H // cell, W // cell).

    strength (B, H, W); angle (B, H, W) in degrees, of which only the remainder by 180 counts: an edge from dark to
    light runs the same way as one from light to dark.
    """
    width = 180 / orientations
    place = angle.remainder(180) / width - (0 if whole else 0.5)  # 0.5: middles of bins lie at whole numbers
    first = place.floor()
    later = torch.zeros_like(place) if whole else place - first  # the share of the next orientation
    votes = strength.new_zeros(len(strength), orientations, *strength.shape[1:])
    bins = first.long().remainder(orientations)
    votes.scatter_add_(1, bins[:, None], (strength * (1 - later))[:, None])
    if not whole:
        votes.scatter_add_(1, (bins + 1).remainder(orientations)[:, None], (strength * later)[:, None])
    return F.avg_pool2d(votes, cell)


def blocks(histograms: Tensor, side: int) -> Tensor:
    """Cells (B, O, R, C) -> every block of side x side cells brought to length 1, (B, side * side * O, blocks).

    Dalal and Triggs' L2-Hys: divide by the length, cut at 0.2, divide again. It takes out the contrast of the light.
    """
    rows = F.unfold(histograms, side)
    rows = (rows / (rows.square().sum(1, keepdim=True) + TINY**2).sqrt()).clamp_max(0.2)
    return rows / (rows.square().sum(1, keepdim=True) + TINY**2).sqrt()


def course_cells(images: Tensor, orientations: int, cell: int) -> Tensor:
    """The histograms of the course's assignment with its three mistakes, (B, O, rows, columns) after its transpose.

    images: RGB values (B, 3, H, W). Grey weights that sum to 1.03; angles in (-90, 270] of which only those in (0, 180)
    fall into a bin, so that half of all gradients are dropped; rows and columns of the grid of cells exchanged.
    Its differences look ahead instead of to both sides.
    """
    grey = luma(images, COURSE_GREY)
    right = F.pad(grey.diff(dim=2), (0, 1))
    down = F.pad(grey.diff(dim=1), (0, 0, 0, 1))
    angle = torch.atan2(down, right + 1e-15).rad2deg() + 90
    counted = (angle > 0) & (angle < 180)
    strength = torch.hypot(right, down) * counted
    found = cells(strength, angle.where(counted, 0), orientations, cell, whole=True)
    return found.transpose(2, 3)


class Hog(Feature):
    """Pictures uint8 (B, 3, H, W) -> (B, D): by row and column of cells, then by orientation."""

    def __init__(
        self, image: tuple[int, int, int], orientations: int, cell: int, block: int, votes: str, course_quirks: bool
    ) -> None:
        super().__init__()
        if min(orientations, cell) < 1 or block < 0:
            raise ValueError(
                f"hog needs orientations and cell above 0 and block not below; got {orientations}, {cell}, {block}"
            )
        refuse_small("hog", "cell", cell, image)
        rows, columns = image[1] // cell, image[2] // cell
        if block > min(rows, columns):
            raise ValueError(
                f"hog gathers blocks of {block} x {block} cells, but there are {rows} x {columns} cells of {cell} "
                "pixels; make cell or block smaller"
            )
        self.orientations, self.cell, self.block = orientations, cell, block
        self.votes, self.quirks = votes, course_quirks
        self.size = orientations * rows * columns
        if block:
            self.size = (rows - block + 1) * (columns - block + 1) * block * block * orientations

    def describe(self, images: Tensor) -> Tensor:
        values = self.values(images)
        if self.quirks:
            found = course_cells(values, self.orientations, self.cell)
        else:
            down, right = gradients(luma(values))
            angle = torch.atan2(down, right).rad2deg()
            found = cells(torch.hypot(down, right), angle, self.orientations, self.cell, self.votes == "whole")
        return (blocks(found, self.block).transpose(1, 2) if self.block else found.permute(0, 2, 3, 1)).flatten(1)


def build(
    image: tuple[int, int, int],
    orientations: int = 9,
    cell: int = 8,
    block: int = 0,
    votes: Literal["shared", "whole"] = "shared",
    course_quirks: bool = False,
) -> Feature:
    """orientations: bins of 180 degrees. cell: side in pixels. block: side in cells of what is brought to one length, 0
    for nothing. votes: shared by the two nearest orientations, or whole. course_quirks: with the course's mistakes.
    """
    return Hog(image, orientations, cell, block, votes, course_quirks)
