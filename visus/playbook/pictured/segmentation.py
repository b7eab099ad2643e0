"""Painted classes: each in its colour over the picture, and which colour is which."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.decode import read_full
from ...report.figures import maps
from ...ship.kinds.segmentation import Map

LEGIBLE = 320  # pixels of width, below which a picture is enlarged: the names of the classes stand below it


def drawn(prediction: Map, model: Any) -> NDArray[np.uint8]:
    picture, classes = read_full(Path(prediction.name)), prediction.classes
    times = max(1, -(-LEGIBLE // picture.shape[1]))
    large = [np.repeat(np.repeat(one, times, 0), times, 1) for one in (picture, classes)]
    there = [model.classes.index(name) for name in prediction.shares]
    shown = maps.overlay(large[0], large[1], model.colours)
    return maps.with_legend(shown, [model.classes[k] for k in there], [model.colours[k] for k in there])
