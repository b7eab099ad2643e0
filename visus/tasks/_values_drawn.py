"""Values of a world that lies in cells, drawn: V with arrows for the best actions, Q as a triangle for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..geometry.cells import GOAL, PIT, WALL, Layout
from ..geometry.decisions import TIE, Tables, reachable

CELL = 80  # pixels
HIGH, LOW = (10, 100, 164), (194, 80, 10)  # blue and orange, which all eyes tell apart
GROUND = {WALL: (62, 70, 79), GOAL: (191, 222, 200), PIT: (240, 197, 192)}
OTHER, LINE, INK, WHITE = (218, 222, 227), (160, 168, 176), (20, 26, 32), (255, 255, 255)
MOST = 0.95  # share of action values whose colours differ: one that leads into an abyss shall not make all others pale
MOST_CELLS = 400  # beyond, numbers cannot be read and a sheet is heavy

Colour = tuple[int, int, int]
Floats = NDArray[np.float64]
DIRECTIONS: Mapping[str, tuple[int, int]] = {  # rows and columns
    "up": (-1, 0),
    "north": (-1, 0),
    "right": (0, 1),
    "east": (0, 1),
    "down": (1, 0),
    "south": (1, 0),
    "left": (0, -1),
    "west": (0, -1),
}


@dataclass(frozen=True)
class Ground:
    """What values are drawn on. bare: states without a value, as ends and what no episode comes to. directions: of each
    action, in rows and columns; None for one that leads nowhere in particular."""

    layout: Layout
    bare: frozenset[int]
    directions: Sequence[tuple[int, int] | None]


def ground(layout: Layout | None, tables: Tables | None, actions: Sequence[str]) -> Ground | None:
    """Where values of a world are drawn; None without a map or tables, or where cells are too many to be read."""
    if layout is None or tables is None or len(tables.ends) > MOST_CELLS:
        return None
    bare = (tables.ends | ~reachable(tables)).nonzero().flatten().tolist()
    return Ground(layout, frozenset(bare), [DIRECTIONS.get(name.lower()) for name in actions])


def pictures(q: Tensor, on: Ground | None) -> dict[str, Tensor]:
    """Action values (S, A) as two pictures, uint8 (1, 3, H, W) each; none without a ground."""
    if on is None:
        return {}
    table = q.detach().cpu().double().numpy()
    found = {"values": values_drawn(table, on)}
    if on.directions and all(on.directions):
        found["action_values"] = action_values_drawn(table, on)
    return {name: torch.tensor(picture).permute(2, 0, 1)[None].contiguous() for name, picture in found.items()}


def values_drawn(q: Floats, on: Ground) -> NDArray[np.uint8]:
    """V as colour and number, blue above 0 and orange below, and an arrow for each action that is as good as the best:
    (H, W, 3)."""
    image, draw = _sheet(on)
    values = q.max(1)
    size = _size(values, on)
    for state, (x, y) in _valued(len(q), on):
        best, ink = values[state], _ink(values[state] / size)
        draw.rectangle((x, y, x + CELL, y + CELL), _shade(best / size), LINE)
        _say(draw, _number(best), (x + CELL / 2, y + 0.2 * CELL), ink)
        equal = q[state] >= best - TIE * max(1.0, abs(best))
        for direction in (way for way, is_best in zip(on.directions, equal, strict=False) if is_best):
            if direction:
                _arrow(draw, (x + CELL / 2, y + 0.63 * CELL), direction, ink)
    return np.asarray(image)


def action_values_drawn(q: Floats, on: Ground) -> NDArray[np.uint8]:
    """Q as a triangle for each of four directions, in the colours of V: (H, W, 3)."""
    image, draw = _sheet(on)
    size, half = _size(q, on, MOST), CELL / 2
    for state, (x, y) in _valued(len(q), on):
        middle = (x + half, y + half)
        for value, direction in zip(q[state], on.directions, strict=True):
            assert direction
            down, right = direction
            corners = [
                (middle[0] + half * (right + side * down), middle[1] + half * (down + side * right)) for side in (-1, 1)
            ]
            draw.polygon([middle, *corners], _shade(value / size), LINE)
            at = (middle[0] + 0.3 * CELL * right, middle[1] + 0.37 * CELL * down)
            _say(draw, _number(value), at, _ink(value / size), 12.5)
    return np.asarray(image)


def _sheet(on: Ground) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """The map, with the letters of what has no value."""
    rows, columns = on.layout.cells
    image = Image.new("RGB", (columns * CELL + 1, rows * CELL + 1), OTHER)
    draw = ImageDraw.Draw(image)
    for state in on.bare:
        row, column = on.layout.cell(state)
        letter = on.layout.letter(state)
        x, y = column * CELL, row * CELL
        draw.rectangle((x, y, x + CELL, y + CELL), GROUND.get(letter, OTHER), LINE)
        if letter != WALL:
            _say(draw, letter, (x + CELL / 2, y + CELL / 2), size=22)
    return image, draw


def _valued(n_states: int, on: Ground) -> list[tuple[int, tuple[int, int]]]:
    """States that have a value, and where their cells begin, x and y."""
    cells = {state: on.layout.cell(state) for state in range(n_states) if state not in on.bare}
    return [(state, (column * CELL, row * CELL)) for state, (row, column) in cells.items()]


def _size(values: Floats, on: Ground, share: float = 1.0) -> float:
    """What so large a share of the values does not go beyond, above or below 0: the fullest colour."""
    inside = [state for state in range(len(values)) if state not in on.bare]
    return float(np.quantile(np.abs(values[inside]), share)) or 1.0


def _shade(share: float) -> Colour:
    """White at 0, the full colour at 1 and at -1."""
    full, depth = (HIGH if share > 0 else LOW), min(1.0, abs(share))
    red, green, blue = (round(255 + (c - 255) * depth) for c in full)
    return red, green, blue


def _ink(share: float) -> Colour:
    return WHITE if abs(share) > 0.6 else INK


def _number(value: float) -> str:
    """At most five characters; a value that rounds to 0 has no sign."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _say(draw: ImageDraw.ImageDraw, text: str, at: tuple[float, float], ink: Colour = INK, size: float = 17) -> None:
    draw.text(at, text, ink, ImageFont.load_default(size), anchor="mm")


def _arrow(draw: ImageDraw.ImageDraw, tail: tuple[float, float], direction: tuple[int, int], ink: Colour) -> None:
    (x, y), (down, right) = tail, direction
    reach, wing = 0.27 * CELL, 0.08 * CELL
    tip, back = (x + reach * right, y + reach * down), (x + (reach - wing) * right, y + (reach - wing) * down)
    draw.line([(x, y), back], ink, 2)
    draw.polygon([tip, *((back[0] + wing * side * down, back[1] + wing * side * right) for side in (-1, 1))], ink)
