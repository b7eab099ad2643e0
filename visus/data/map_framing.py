"""A label map brought into a frame exactly as its picture is, and what was said in a frame brought back."""

import numpy as np
from numpy.typing import NDArray

from .decode import Frame
from .label_maps import IGNORE

Classes = NDArray[np.uint8]


def framed(classes: Classes, frame: Frame, height: int, width: int) -> Classes:
    """A map of a picture of height x width pixels in the frame: uint8 (frame.height, frame.width).

    Each place has the class of the nearest pixel; what the frame adds around the picture is IGNORE. The map may be
    larger or smaller than the picture, in both directions alike.
    """
    scale_x, scale_y, left, top = frame.placed(height, width)
    rows, y_there = _sources(frame.height, scale_y, top, height, len(classes))
    columns, x_there = _sources(frame.width, scale_x, left, width, classes.shape[1])
    seen = classes[rows][:, columns]
    return np.where(y_there[:, None] & x_there, seen, np.uint8(IGNORE))


def unframed(classes: Classes, frame: Frame, height: int, width: int) -> Classes:
    """What was said in the frame, (frame.height, frame.width), at every pixel of the picture: uint8 (height, width).

    What a crop had cut off is IGNORE.
    """
    scale_x, scale_y, left, top = frame.placed(height, width)
    x = np.floor((np.arange(width) + 0.5) * scale_x + left).astype(np.int64)
    y = np.floor((np.arange(height) + 0.5) * scale_y + top).astype(np.int64)
    there = ((y >= 0) & (y < frame.height))[:, None] & ((x >= 0) & (x < frame.width))
    seen = classes[y.clip(0, frame.height - 1)][:, x.clip(0, frame.width - 1)]
    return np.where(there, seen, np.uint8(IGNORE))


def _sources(side: int, scale: float, offset: float, whole: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each of `side` places of a frame the pixel of a map with n of them, and whether the picture is there."""
    place = (np.arange(side) + 0.5 - offset) / scale  # in pixels of the picture
    there = (place >= 0) & (place < whole)
    return np.floor(place * n / whole).astype(np.int64).clip(0, n - 1), there
