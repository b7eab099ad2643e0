"""What every figure is: a drawing, its title and how to read it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chart:
    """A drawing (SVG), what it shows, and one sentence that says how to read it."""

    title: str
    svg: str
    reading: str


@dataclass(frozen=True)
class Line:
    """Values y (n,) over x (n,); y may hold NaN where a value was not finite."""

    x: Floats
    y: Floats
