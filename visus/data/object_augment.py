"""Augmentation of pictures with marked objects: boxes, masks and keypoints move along with the pixels."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .augment import GREY
from .randomness import uniform
from .view import View

MIRROR, TURN, ZOOM, DOWN, RIGHT, BRIGHTNESS, CONTRAST, SATURATION = range(8)
N_DRAWS = SATURATION + 1  # columns of draws; a new one goes to the end, so that earlier runs see what they saw


@dataclass(frozen=True)
class ObjectAugment:
    """What to do to training pictures; by default nothing.

    flip: mirror every second picture left to right. flip_vertical: turn every second picture upside down, for pictures
    without an up such as cells. scale: enlarge by a factor between 1 / (1 + scale) and 1 + scale, all as likely on a
    logarithmic scale, and cut at a random place, or lay what is smaller at a random place on black (Liu et al., 2016,
    section 3.6). shift: move by at most so many sides. colour: brightness, contrast and saturation times a factor in
    [1 - colour, 1 + colour]. All is a function of (seed, epoch, number of the picture).
    """

    flip: bool = False
    scale: float = 0.0
    shift: float = 0.0
    colour: float = 0.0
    flip_vertical: bool = False

    def __post_init__(self) -> None:
        if self.scale < 0 or not 0 <= self.shift < 1 or not 0 <= self.colour <= 1:
            raise ValueError(
                "augmentation needs scale of at least 0, shift below 1 and colour of 0 to 1; "
                f"got scale={self.scale:g}, shift={self.shift:g}, colour={self.colour:g}"
            )

    def views(self, seed: int, epoch: int, numbers: NDArray[np.int64], height: int, width: int) -> list[View]:
        """What is looked at of each of the pictures `numbers` of height x width pixels."""
        return [self._view(draw, height, width) for draw in uniform(seed, epoch, numbers, N_DRAWS)]

    def recolour(self, images: Tensor, seed: int, epoch: int, numbers: NDArray[np.int64]) -> Tensor:
        """uint8 (B, 3, H, W) -> the same in another light."""
        if not self.colour:
            return images
        draws = torch.from_numpy(uniform(seed, epoch, numbers, N_DRAWS)[:, BRIGHTNESS : SATURATION + 1]).float()
        return recoloured(images, 1 + self.colour * (2 * draws - 1))

    def _view(self, draw: NDArray[np.float64], height: int, width: int) -> View:
        zoom = float(np.exp((2 * draw[ZOOM] - 1) * np.log1p(self.scale)))
        rows, columns = max(1, round(height / zoom)), max(1, round(width / zoom))
        return View(
            height,
            width,
            self._start(draw[DOWN], height, rows),
            self._start(draw[RIGHT], width, columns),
            rows,
            columns,
            mirrored=self.flip and bool(draw[MIRROR] < 0.5),
            upside_down=self.flip_vertical and bool(draw[TURN] < 0.5),
        )

    def _start(self, draw: float, side: int, window: int) -> int:
        """Where the window begins: anywhere in the picture, or the picture anywhere in it, and moved by the shift."""
        low, high = sorted((0, side - window))
        reach = round(self.shift * window)
        return low - reach + int(draw * (high - low + 2 * reach + 1))


def recoloured(images: Tensor, factors: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) with brightness, contrast and saturation times (B, 3) factors, in this order.

    All three together are one matrix and one shade for each picture: six times as fast as one after the other.
    """
    brightness, contrast, saturation = factors.T[:, :, None, None]  # each (B, 1, 1)
    luma, pixels = torch.tensor(GREY), images.float().flatten(2)
    saturate = saturation * torch.eye(3) + (1 - saturation) * luma  # (B, 3, 3): what is not the colour's is its grey's
    middle = brightness * (pixels.mean(2) @ luma)[:, None, None]
    shade = ((1 - contrast) * middle).expand(-1, 3, 1)
    changed = torch.baddbmm(shade, brightness * contrast * saturate, pixels)
    return changed.round_().clamp_(0, 255).to(torch.uint8).view_as(images)
