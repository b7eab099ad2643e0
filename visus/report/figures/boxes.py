"""Pictures with what was found in them or is marked in them: boxes, masks and keypoints in a colour for each class."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

# seven colours that all common kinds of colour blindness tell apart (Okabe and Ito, 2008), the most unlike ones first
HUES: tuple[Colour, ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (213, 94, 0), (204, 121, 167), (240, 228, 66), (0, 114, 178),
)  # fmt: skip
LIGHTER, DARKER = 0.45, 0.4  # for the classes after these: mixed with white, then with black
LEGIBLE = 480  # pixels of the long side, below which a picture is enlarged before it is drawn on
TINT = 0.4  # how much a mask covers
FINEST = 0.004  # width of a line, in long sides of the picture
LETTER = 0.025  # height of a letter, likewise
SMALLEST_LETTER = 12
SURE = 0.3  # of a keypoint that was found, below which it is not drawn
KNOWN_PLACE = 0.5  # of a keypoint, in its third number: marked ones have 1 or 2


@dataclass(frozen=True)
class Mark:
    """An object to be drawn. box: x1, y1, x2, y2 in pixels of the picture. text: what its label says; '': no label.

    colour: a class, see `colour_of`. mask: bool (H, W) or None. keypoints: (K, 3), drawn where the third is above
    `known`; or None. dashed: drawn by broken lines, for what is marked but was not found. strong: by a wide line.
    """

    box: Sequence[float] | NDArray[np.float64]
    text: str = ""
    colour: int = 0
    mask: NDArray[np.bool_] | None = None
    keypoints: NDArray[np.float64] | None = None
    dashed: bool = False
    strong: bool = False
    known: float = SURE


def colour_of(index: int) -> Colour:
    """The colour of a class: seven hues, then lighter and darker ones of them, then from the beginning."""
    turn, place = divmod(index, len(HUES))
    share, goal = ((0.0, 0), (LIGHTER, 255), (DARKER, 0))[turn % 3]
    red, green, blue = (round((1 - share) * value + share * goal) for value in HUES[place])
    return red, green, blue


def drawn(
    picture: Pixels, marks: Sequence[Mark], skeleton: Sequence[tuple[int, int]] = (), legible: int = LEGIBLE
) -> Pixels:
    """The picture uint8 (H, W, 3) with marks on it, the last on top; labels stand where they cover no other label.

    A picture whose long side is below `legible` pixels is enlarged by a whole factor first. skeleton: pairs of
    keypoints that are joined by lines.
    """
    times = max(1, -(-legible // max(picture.shape[:2])))
    canvas = np.repeat(np.repeat(picture, times, 0), times, 1)
    for mark in marks:
        if mark.mask is not None:
            _tint(canvas, np.repeat(np.repeat(mark.mask, times, 0), times, 1), colour_of(mark.colour))
    image = Image.fromarray(canvas)
    pen = ImageDraw.Draw(image)
    line = max(1, round(FINEST * max(image.size)))
    for mark in marks:
        _box(pen, [times * float(side) for side in mark.box], colour_of(mark.colour), line, mark)
    for mark in marks:
        if mark.keypoints is not None:
            _points(pen, mark, times, skeleton, line)
    _labels(pen, image.size, marks, times, line)
    return np.asarray(image)


def _tint(canvas: Pixels, mask: NDArray[np.bool_], colour: Colour) -> None:
    if not mask.any():
        return
    canvas[mask] = ((1 - TINT) * canvas[mask] + TINT * np.array(colour)).astype(np.uint8)
    rim = mask.copy()
    rim[1:-1, 1:-1] &= ~(mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:])
    canvas[rim] = colour


def _box(pen: Any, box: Sequence[float], colour: Colour, line: int, mark: Mark) -> None:
    x1, y1, x2, y2 = (round(side) for side in box)
    x2, y2 = max(x2 - 1, x1), max(y2 - 1, y1)  # the last pixel that it covers
    wide = 2 * line if mark.strong else line
    if mark.dashed:
        corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1)]
        for start, end in pairwise(corners):
            _dashes(pen, start, end, line)
        return
    # a dark rim around the coloured line keeps it apart from ground of its own colour
    pen.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=(0, 0, 0), width=1)
    pen.rectangle((x1, y1, x2, y2), outline=colour, width=wide)


def _dashes(pen: Any, start: tuple[int, int], end: tuple[int, int], line: int) -> None:
    """Black and white in turn, which is seen on any ground."""
    length = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    step = max(4 * line, 5)
    for number, at in enumerate(range(0, length, step)):
        one, two = (
            tuple(round(a + (b - a) * part / length) for a, b in zip(start, end, strict=True))
            for part in (at, min(at + step, length))
        )
        pen.line([one, two], fill=(0, 0, 0) if number % 2 else (255, 255, 255), width=line + 1)


def _points(pen: Any, mark: Mark, times: int, skeleton: Sequence[tuple[int, int]], line: int) -> None:
    assert mark.keypoints is not None
    shown = mark.keypoints[:, 2] > mark.known
    places = [tuple(p) for p in (mark.keypoints[:, :2] * times).round().astype(int).tolist()]
    for one, two in skeleton:
        if shown[one] and shown[two]:
            pen.line([places[one], places[two]], fill=(0, 0, 0), width=line + 2)
            pen.line([places[one], places[two]], fill=colour_of(mark.colour), width=line)
    reach = 2 * line
    for at, (x, y) in enumerate(places):
        if shown[at]:
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=(255, 255, 255), outline=(0, 0, 0), width=1)


def _labels(pen: Any, size: tuple[int, int], marks: Sequence[Mark], times: int, line: int) -> None:
    """The label of the last mark first, for it lies on top; one that would cover another is left out."""
    font = _font(max(SMALLEST_LETTER, round(LETTER * max(size))))
    taken: list[tuple[float, ...]] = []
    for mark in reversed(marks):
        if not mark.text:
            continue
        _, _, right, bottom = font.getbbox(mark.text)
        wide, high = right + 4, bottom + 3
        x1, y1, _, y2 = (times * float(side) for side in mark.box)
        x = min(max(x1 - line, 0), max(size[0] - wide, 0))
        for y in (y1 - high, y1 + line, y2, y2 - high - line):
            area = (x, y, x + wide, y + high)
            if 0 <= y <= size[1] - high and not any(_meet(area, other) for other in taken):
                fill = (255, 255, 255) if mark.dashed else colour_of(mark.colour)
                pen.rectangle(area, fill=fill, outline=(0, 0, 0) if mark.dashed else fill)
                pen.text((x + 2, y + 1), mark.text, fill=_ink(fill), font=font)
                taken.append(area)
                break


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _ink(ground: Colour) -> Colour:
    """Black or white, whichever stands out more."""
    red, green, blue = ground
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else (255, 255, 255)


@cache
def _font(height: int) -> Any:
    import matplotlib

    # it comes with matplotlib, so that drawings are the same everywhere, and has the letters of most languages
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), height)
