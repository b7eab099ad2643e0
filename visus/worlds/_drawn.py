"""Maps of cells as pictures."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..geometry.cells import FREE, GOAL, PIT, START, WALL, Layout

CELL = 48  # pixels
COLOURS = {WALL: "#4a4f57", PIT: "#d9544d", GOAL: "#3f9d5c", START: "#cfe0f3", FREE: "#ffffff"}
OTHER, LINE, WHO = "#f3d48a", "#b9bec6", "#2f6fb3"


def drawn(layout: Layout, where: int | None = None, says: Mapping[str, str] | None = None) -> NDArray[np.uint8]:
    """A map as a picture (H, W, 3), `CELL` pixels a cell. where: the state somebody is in. says: words for letters."""
    rows, columns = layout.cells
    picture = Image.new("RGB", (columns * CELL + 1, rows * CELL + 1), COLOURS[FREE])
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=CELL // 3)
    for state in range(rows * columns):
        row, column = layout.cell(state)
        letter = layout.letter(state)
        left, top = column * CELL, row * CELL
        pen.rectangle((left, top, left + CELL, top + CELL), COLOURS.get(letter, OTHER), LINE)
        word = (says or {}).get(letter, "" if letter in (FREE, WALL) else letter)
        pen.text((left + CELL / 2, top + CELL / 2), word, "#20242a", font, anchor="mm")
    if where is not None:
        row, column = layout.cell(where)
        centre, radius = ((column + 0.5) * CELL, (row + 0.5) * CELL), CELL * 0.3
        pen.circle(centre, radius, WHO, "#ffffff", 2)
    return np.asarray(picture)
