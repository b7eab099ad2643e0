"""One line of a YOLO label file: a class, and shares of the picture's width and height."""

from collections.abc import Sequence
from dataclasses import dataclass

from ._marks import BadMarkError, number
from ._yolo_description import Description

SLACK = 1e-3  # of the picture that a share may lie outside 0..1: rounding
DECIMALS = 9  # of a pixel
SEEN = 2.0  # of a keypoint without a word about it


@dataclass(frozen=True)
class Found:
    label: int
    box: Sequence[float]
    outline: list[list[float]] | None = None
    keypoints: list[float] | None = None


def object_of(line: str, height: int, width: int, description: Description) -> Found:
    """Raises BadMarkError for what is none."""
    fields = line.split()
    values = [number(field) for field in fields]
    if any(value is None for value in values):
        raise BadMarkError("lines that are not numbers", f"'{line[:40]}'")
    label, *shares = (value for value in values if value is not None)
    if label != int(label) or label < 0 or (description.classes and label >= len(description.classes)):
        known = f"0 to {len(description.classes) - 1}" if description.classes else "0 and up"
        raise BadMarkError(
            "objects of a class that is not in the list of classes", f"class {fields[0]}, known are {known}"
        )
    n_points, n_values = len(description.keypoint_names), description.values_per_keypoint
    if n_points and len(shares) == 4 + n_points * n_values:
        return _posed(int(label), shares, height, width, n_values)
    if len(shares) == 4:
        return Found(int(label), _box(shares, height, width))
    if len(shares) >= 6 and len(shares) % 2 == 0 and not n_points:
        return _outlined(int(label), shares, height, width)
    if len(shares) in (2, 3) or (not n_points and len(shares) == 5):
        raise BadMarkError("polygons of fewer than three points, or boxes cut short", f"'{line[:40]}'")
    expected = (
        f"4 + {n_points} x {n_values} values behind the class" if n_points else "4 values, or 6 and more in pairs"
    )
    raise BadMarkError("lines of another length", f"{len(shares)} values, expected {expected}")


def _box(shares: Sequence[float], height: int, width: int) -> Sequence[float]:
    """Centre and sides -> x1, y1, x2, y2 in pixels."""
    x, y, across, down = shares
    _check(shares)
    if across <= 0 or down <= 0:
        raise BadMarkError("boxes without area", f"{across:g} x {down:g}")
    return (
        _pixels(x - across / 2, width),
        _pixels(y - down / 2, height),
        _pixels(x + across / 2, width),
        _pixels(y + down / 2, height),
    )


def _pixels(share: float, side: int) -> float:
    """A share of a side in pixels, freed of the last digits that were lost in writing: 10.5, not 10.499999999999998."""
    return round(share * side, DECIMALS)


def _outlined(label: int, shares: Sequence[float], height: int, width: int) -> Found:
    _check(shares)
    across, down = [_pixels(x, width) for x in shares[::2]], [_pixels(y, height) for y in shares[1::2]]
    points = [value for pair in zip(across, down, strict=True) for value in pair]
    return Found(label, (min(across), min(down), max(across), max(down)), [points])


def _posed(label: int, shares: Sequence[float], height: int, width: int, n_values: int) -> Found:
    box = _box(shares[:4], height, width)
    points = [shares[place : place + n_values] for place in range(4, len(shares), n_values)]
    keypoints: list[float] = []
    for x, y, *said in points:
        seen = said[0] if said else SEEN if (x, y) != (0, 0) else 0.0
        keypoints += [_pixels(x, width), _pixels(y, height), seen] if seen > 0 else [0.0, 0.0, 0.0]
    return Found(label, box, keypoints=keypoints)


def _check(shares: Sequence[float]) -> None:
    if worst := [value for value in shares if not -SLACK <= value <= 1 + SLACK]:
        raise BadMarkError(
            "lines with values outside 0 to 1 (pixels where shares of the picture belong?)", f"{worst[0]:g}"
        )
