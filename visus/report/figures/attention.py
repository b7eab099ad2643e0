"""Where a translator looked: a row for each word it wrote, a column for each word it read."""

import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .canvas import BLUE, CARD, draw

CELL, MARGIN = 22, 110  # units of a word's row, and of the room for the other language's words
DPI = 150
SHADES = LinearSegmentedColormap.from_list("looked", [CARD, BLUE])


def attention(weights: NDArray[np.float32], read: Sequence[str], written: Sequence[str]) -> str:
    """SVG for a page. weights: (T, S), each row sums to 1. read: S words; written: T words."""
    _check(weights, read, written)
    return draw(
        lambda figure: _paint(figure, weights, read, written),
        height=len(written) * CELL + MARGIN,
        width=len(read) * CELL + MARGIN,
    )


def sheet(weights: NDArray[np.float32], read: Sequence[str], written: Sequence[str]) -> bytes:
    """The same as PNG, for a file of its own."""
    _check(weights, read, written)
    size = ((len(read) * CELL + MARGIN) / 72, (len(written) * CELL + MARGIN) / 72)
    figure = Figure(figsize=size, layout="constrained", dpi=DPI)
    _paint(figure, weights, read, written)
    file = io.BytesIO()
    with warnings.catch_warnings():  # letters that the font lacks are drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _paint(figure: Figure, weights: NDArray[np.float32], read: Sequence[str], written: Sequence[str]) -> None:
    axes: Any = figure.subplots()
    axes.pcolormesh(weights, cmap=SHADES, vmin=0, vmax=1, edgecolors="none", linewidth=0)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.grid(False)
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(len(read)) + 0.5, list(read), rotation=60, ha="left", rotation_mode="anchor")
    axes.set_yticks(np.arange(len(written)) + 0.5, list(written))
    axes.tick_params(length=0)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)
    for side in axes.spines.values():
        side.set_visible(False)


def _check(weights: NDArray[np.float32], read: Sequence[str], written: Sequence[str]) -> None:
    if weights.shape != (len(written), len(read)) or not weights.size:
        raise ValueError(
            f"weights are {weights.shape} for {len(written)} words written and {len(read)} read; give one row a word "
            "written and one column a word read"
        )
