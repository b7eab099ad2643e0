"""A view of a frame: a window of it, brought to the frame's size, maybe mirrored. Marks move with the pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """What is looked at in a frame of height x width pixels, and how.

    top, left, rows, columns: the window, whole pixels; it may stick out of the frame, where nothing is (0). mirrored,
    upside_down: left for right, top for bottom, after the window was brought to the frame's size.
    """

    height: int
    width: int
    top: int
    left: int
    rows: int
    columns: int
    mirrored: bool = False
    upside_down: bool = False

    @property
    def plain(self) -> bool:
        """Whether it shows the frame as it is."""
        window = self.top, self.left, self.rows, self.columns
        return window == (0, 0, self.height, self.width) and not (self.mirrored or self.upside_down)

    def picture(self, image: Tensor) -> Tensor:
        """uint8 (C, H, W) -> the same of what is looked at; bilinear, antialiased where it gets smaller."""
        if (self.top, self.left, self.rows, self.columns) != (0, 0, self.height, self.width):
            window = self._window(image)
            if (self.rows, self.columns) != (self.height, self.width):
                size = (self.height, self.width)
                window = F.interpolate(window[None], size, mode="bilinear", antialias=True)[0]
            image = window
        return self._turned(image)

    def classes(self, painted: Tensor, outside: int = 0) -> Tensor:
        """Masks or label maps (..., H, W) of any type -> the same, by the nearest pixel; `outside` beyond the frame."""
        y, x = self._sources(self.rows, self.height, self.top), self._sources(self.columns, self.width, self.left)
        there_y, there_x = (y >= 0) & (y < self.height), (x >= 0) & (x < self.width)
        seen = painted[..., y.clamp(0, self.height - 1), :][..., x.clamp(0, self.width - 1)]
        if not (bool(there_y.all()) and bool(there_x.all())):
            seen = seen.masked_fill(~(there_y[:, None] & there_x), outside)
        return self._turned(seen)

    def points(self, places: Numbers) -> Numbers:
        """(..., 2) x, y in the frame -> where they are seen; they may be outside."""
        scale = np.array([self.width / self.columns, self.height / self.rows])
        seen = (places - [self.left, self.top]) * scale
        if self.mirrored:
            seen[..., 0] = self.width - seen[..., 0]
        if self.upside_down:
            seen[..., 1] = self.height - seen[..., 1]
        return np.asarray(seen, dtype=np.float64)

    def boxes(self, boxes: Numbers) -> Numbers:
        """(N, 4) -> where they are seen, not clipped."""
        ends = self.points(boxes.reshape(-1, 2, 2))
        return np.concatenate([ends.min(1), ends.max(1)], axis=1)

    def keypoints(self, keypoints: Numbers, mirrored: Sequence[int] = ()) -> Numbers:
        """(N, K, 3) -> the same as seen; what is outside is not marked.

        mirrored: for each keypoint the one it becomes in a mirror. Both flips together are a turn, and no mirror.
        """
        seen = np.concatenate([self.points(keypoints[..., :2]), keypoints[..., 2:]], axis=-1)
        x, y = seen[..., 0], seen[..., 1]
        outside = (x < 0) | (y < 0) | (x > self.width) | (y > self.height) | (seen[..., 2] == 0)
        seen[outside] = 0
        if mirrored and self.mirrored != self.upside_down:
            seen = seen[:, list(mirrored)]
        return np.asarray(seen, dtype=np.float64)

    def _window(self, image: Tensor) -> Tensor:
        """The window's own pixels (C, rows, columns), 0 where it sticks out."""
        top, left = max(0, self.top), max(0, self.left)
        bottom, right = min(self.height, self.top + self.rows), min(self.width, self.left + self.columns)
        inside = image[:, top:bottom, left:right]
        if inside.shape[1:] == (self.rows, self.columns):
            return inside
        window = image.new_zeros(image.shape[0], self.rows, self.columns)
        window[:, top - self.top : bottom - self.top, left - self.left : right - self.left] = inside
        return window

    def _turned(self, seen: Tensor) -> Tensor:
        sides = [side for side, turned in ((-2, self.upside_down), (-1, self.mirrored)) if turned]
        return seen.flip(sides) if sides else seen

    @staticmethod
    def _sources(window: int, side: int, first: int) -> Tensor:
        """For each of `side` places the pixel of the frame that its middle shows."""
        return first + (torch.arange(side).double().add(0.5) * window / side).floor().long()


def whole(height: int, width: int) -> View:
    """The frame as it is."""
    return View(height, width, 0, 0, height, width)
