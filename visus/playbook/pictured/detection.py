"""Found objects: a box each, its mask and its keypoints, in the colour of its class."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.decode import read_full
from ...geometry.masks import rle_decode
from ...report.figures import boxes
from ...report.figures.boxes import Mark
from ...ship.kinds.detection import Sighting, Thing


def drawn(prediction: Sighting, model: Any) -> NDArray[np.uint8]:
    return boxes.drawn(read_full(Path(prediction.name)), marks(prediction.told), prediction.skeleton)


def marks(things: list[Thing]) -> list[Mark]:
    """The surest object last, so that it lies on top."""
    return [_mark(thing) for thing in reversed(things)]


def _mark(thing: Thing) -> Mark:
    runs = thing.mask
    mask = None if runs is None else rle_decode(runs.counts, runs.height, runs.width).astype(bool)
    return Mark(thing.box, f"{thing.name} {100 * thing.score:.0f} %", thing.label, mask, thing.keypoints)
