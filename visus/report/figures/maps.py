"""Label maps as pictures: colours laid over what was painted, where it is wrong, and which colour is which class."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
Classes = NDArray[np.uint8]
Colour = tuple[int, int, int]

IGNORE = 255  # a pixel of no class
COVER = 0.6  # how much a colour covers the picture
FAINT = 0.35  # how much is left of a picture beneath its mistakes
WRONG: Colour = (220, 50, 32)  # stands out on grey, also to the colour-blind, being lighter than what lies below
MARGIN, LETTER = 6, 13  # pixels of the legend
GROUND, INK = (255, 255, 255), (30, 30, 30)


def painted(classes: Classes, colours: Sequence[Colour]) -> Pixels:
    """A map (H, W) in its classes' colours, black where nothing counts: uint8 (H, W, 3)."""
    table = np.zeros((256, 3), dtype=np.uint8)
    table[: len(colours)] = colours
    return np.asarray(table[classes])


def overlay(picture: Pixels, classes: Classes, colours: Sequence[Colour], cover: float = COVER) -> Pixels:
    """The colours of a map over its picture (H, W, 3), with a dark line between classes; bare where nothing counts."""
    counted = classes != IGNORE
    mixed = (1 - cover) * picture + cover * painted(classes, colours)
    shown = np.where(counted[..., None], mixed, picture)
    return np.where((_outlines(classes) & counted)[..., None], 0.35 * shown, shown).round().astype(np.uint8)


def mistakes(picture: Pixels, truth: Classes, said: Classes) -> Pixels:
    """The picture in faint grey, red where a pixel that counts was painted wrongly, white where none counts."""
    grey = picture @ np.array([0.299, 0.587, 0.114])
    ground = np.repeat((255 - FAINT * (255 - grey))[..., None], 3, axis=2)
    ground[truth == IGNORE] = 255
    ground[(truth != said) & (truth != IGNORE)] = WRONG
    return ground.round().astype(np.uint8)


def with_legend(picture: Pixels, names: Sequence[str], colours: Sequence[Colour]) -> Pixels:
    """The picture with a row of colours and names below it, in as many lines as its width needs."""
    font, width = _font(LETTER), picture.shape[1]
    lines: list[list[tuple[str, Colour]]] = [[]]
    used = MARGIN
    for name, colour in zip(names, colours, strict=True):
        needed = LETTER + 5 + int(font.getlength(name)) + 2 * MARGIN
        if lines[-1] and used + needed > width:
            lines.append([])
            used = MARGIN
        lines[-1].append((name, colour))
        used += needed
    high = len(lines) * (LETTER + MARGIN) + MARGIN
    sheet = Image.new("RGB", (width, picture.shape[0] + high), GROUND)
    sheet.paste(Image.fromarray(picture), (0, 0))
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        x, y = MARGIN, picture.shape[0] + MARGIN + number * (LETTER + MARGIN)
        for name, colour in line:
            pen.rectangle((x, y + 1, x + LETTER - 1, y + LETTER), fill=colour, outline=INK)
            pen.text((x + LETTER + 5, y - 1), name, fill=INK, font=font)
            x += LETTER + 5 + int(font.getlength(name)) + 2 * MARGIN
    return np.asarray(sheet)


def _outlines(classes: Classes) -> NDArray[np.bool_]:
    """Pixels whose right or lower neighbour is of another class."""
    found = np.zeros(classes.shape, dtype=bool)
    found[:, :-1] |= classes[:, :-1] != classes[:, 1:]
    found[:-1] |= classes[:-1] != classes[1:]
    return found


@cache
def _font(height: int) -> Any:
    import matplotlib

    # it comes with matplotlib, so that drawings are the same everywhere, and has the letters of most languages
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), height)
