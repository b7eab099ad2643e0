"""One picture's objects, gathered and checked one by one: what is wrong with a box, an outline or keypoints."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..annotations import Objects, Outline, Rle

FARTHEST = 1e6  # pixels: a mark beyond is in other units, or an attack on what fills outlines


class BadMarkError(ValueError):
    """An object that cannot be used. `reason` in the plural, for counting; the message gives the value."""

    def __init__(self, reason: str, value: str) -> None:
        super().__init__(value)
        self.reason = reason


class Marks:
    """The objects of a picture of height x width pixels, in the order of the file. n_keypoints: 0 for none."""

    def __init__(self, height: int, width: int, n_keypoints: int = 0) -> None:
        self.height, self.width, self.n_keypoints = height, width, n_keypoints
        self._boxes: list[tuple[float, ...]] = []
        self._labels: list[int] = []
        self._crowd: list[bool] = []
        self._outlines: list[Outline | None] = []
        self._keypoints: list[np.ndarray[Any, np.dtype[np.float64]]] = []
        self._facts: list[Mapping[str, Any]] = []

    def add(
        self,
        box: Sequence[Any],
        label: int,
        crowd: bool = False,
        outline: Outline | None = None,
        keypoints: Sequence[float] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """One object; box: x1, y1, x2, y2. Raises BadMarkError for one that cannot be used."""
        checked = checked_box(box, self.height, self.width)
        points = self._checked_keypoints(keypoints)
        self._boxes.append(checked)
        self._labels.append(label)
        self._crowd.append(crowd)
        self._outlines.append(outline)
        self._keypoints.append(points)
        self._facts.append(facts or {})

    def _checked_keypoints(self, keypoints: Sequence[float] | None) -> np.ndarray[Any, np.dtype[np.float64]]:
        if keypoints is None or not self.n_keypoints:
            return np.zeros((self.n_keypoints, 3))
        numbers = [number(value) for value in keypoints]
        if len(numbers) != 3 * self.n_keypoints:
            raise BadMarkError("keypoints of another number", f"{len(numbers)} values, expected 3 x {self.n_keypoints}")
        if any(value is None or not abs(value) < FARTHEST for value in numbers):
            raise BadMarkError("keypoints that are no numbers", f"{list(keypoints)[:6]}...")
        return np.array(numbers, dtype=np.float64).reshape(-1, 3)

    def objects(self) -> Objects:
        n = len(self._labels)
        return Objects(
            np.array(self._boxes, dtype=np.float64).reshape(n, 4),
            np.array(self._labels, dtype=np.int64),
            np.array(self._crowd, dtype=bool),
            self._outlines,
            np.stack(self._keypoints)
            if self.n_keypoints and n
            else (np.zeros((0, self.n_keypoints, 3)) if self.n_keypoints else None),
            self._facts,
        )


def number(value: Any) -> float | None:
    """A number, or one written as text; None for anything else, NaN and infinity included."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def checked_box(box: Sequence[Any], height: int, width: int) -> tuple[float, ...]:
    """x1, y1, x2, y2 as numbers. Raises BadMarkError for no numbers, no area, or nothing within the picture."""
    said = f"({', '.join(f'{v:g}' if isinstance(v, int | float) else str(v) for v in box)})"
    corners = [number(value) for value in box]
    if len(corners) != 4 or any(value is None or abs(value) > FARTHEST for value in corners):
        raise BadMarkError("boxes that are not four numbers", said)
    x1, y1, x2, y2 = (float(value) for value in corners if value is not None)
    if x2 <= x1 or y2 <= y1:
        raise BadMarkError("boxes without area", said)
    if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        raise BadMarkError("boxes outside their picture", f"{said} of {width} x {height}")
    return x1, y1, x2, y2


def checked_polygons(polygons: Sequence[Any]) -> tuple[list[Sequence[float]], list[str]]:
    """The polygons that can be filled, and what is wrong with the others."""
    good: list[Sequence[float]] = []
    wrong: list[str] = []
    for polygon in polygons:
        if not isinstance(polygon, list | tuple):
            wrong.append(f"{polygon!r} is no list of numbers")
        elif len(polygon) % 2 or len(polygon) < 6:
            wrong.append(f"{len(polygon)} numbers, expected x, y of three points or more")
        elif any((value := number(entry)) is None or abs(value) > FARTHEST for entry in polygon):
            wrong.append("a value that is no number")
        else:
            good.append(polygon)
    return good, wrong


def checked_rle(height: Any, width: Any, counts: Sequence[Any], picture: tuple[int, int]) -> Rle:
    """Run lengths that fill their picture. Raises BadMarkError."""
    if (height, width) != picture:
        raise BadMarkError(
            "run lengths of another size than their picture",
            f"{height} x {width}, expected {picture[0]} x {picture[1]}",
        )
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in counts):
        raise BadMarkError("run lengths that are not whole numbers", f"{list(counts)[:4]}...")
    if sum(counts) != height * width:
        raise BadMarkError("run lengths of the wrong length", f"{sum(counts)} pixels, expected {height * width}")
    return Rle(height, width, counts)
