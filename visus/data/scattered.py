"""Small pictures, each at a place of its own on a large black field: the same pictures, but now they must be found."""

from dataclasses import replace

import numpy as np

from .collection import Arrays, Collection
from .randomness import uniform

FIELD_PX = 60  # of a digit of 28 x 28: Mnih et al., 2014, section 4.1
SEED = 2014  # one set for everybody: a held-out picture stands where it always stood


def scattered(collection: Collection, side: int = FIELD_PX) -> Collection:
    """Every picture, whole, somewhere on side x side black pixels; where depends on its row alone.

    Raises ValueError for pictures in files, or larger than the field.
    """
    if not isinstance(collection.pictures, Arrays):
        raise ValueError(f"{collection.origin} lies in files; only decoded pictures can be scattered on a field")
    values = collection.pictures.values
    N, H, W = values.shape[:3]
    if max(H, W) > side:
        raise ValueError(f"pictures of {H} x {W} pixels do not fit a field of {side} x {side}; take a larger side")
    draws = uniform(SEED, 0, np.arange(N), 2)
    down, right = ((draws[:, axis] * (side - length + 1)).astype(np.int64) for axis, length in enumerate((H, W)))
    field = np.zeros((N, side, side, *values.shape[3:]), dtype=np.uint8)
    rows, columns = down[:, None] + np.arange(H), right[:, None] + np.arange(W)
    field[np.arange(N)[:, None, None], rows[:, :, None], columns[:, None, :]] = values
    return replace(collection, pictures=Arrays(field))
