"""A grid of windows of several sizes and proportions, the same in every picture: the proposals that look at nothing."""

import numpy as np
from numpy.typing import NDArray

VERSION = 1
PROPORTIONS = (0.5, 1.0, 2.0)  # height over width
LARGEST, SMALLEST = 1.0, 0.08  # sides of a square window, in short sides of the picture
STEP = 0.5  # between neighbouring windows, in their sides
GROWTH = 2**0.5  # between neighbouring sizes: an object of any size then meets a window by an IoU of 0.5 about


def find(image: NDArray[np.uint8], most: int) -> NDArray[np.float32]:
    """Windows (P, 4) inside the picture, the largest first; of more than `most` every n-th."""
    height, width = image.shape[:2]
    found = []
    side = LARGEST * min(height, width)
    while side >= max(4.0, SMALLEST * min(height, width)):
        shapes = [(min(side * p**0.5, height), min(side / p**0.5, width)) for p in PROPORTIONS]
        found += [_grid(height, width, *shape) for shape in shapes]
        side /= GROWTH
    boxes = np.unique(np.concatenate(found), axis=0)
    boxes = boxes[np.argsort(-_areas(boxes), kind="stable")]
    if len(boxes) > most:
        boxes = boxes[np.linspace(0, len(boxes) - 1, most).astype(np.int64)]
    return boxes.astype(np.float32)


def _grid(height: int, width: int, h: float, w: float) -> NDArray[np.float64]:
    """Windows of h x w pixels half a window apart, spread so that the first and the last touch the border."""
    top, left = (
        np.linspace(0, whole - part, 1 + int(np.ceil((whole - part) / (STEP * part))))
        for whole, part in ((height, h), (width, w))
    )
    y, x = (grid.ravel() for grid in np.meshgrid(top, left, indexing="ij"))
    return np.stack([x, y, x + w, y + h], 1)


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), dtype=np.float64)
