"""The confusion matrix: named cells with counts for few classes, a picture for many."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ..wording import short
from .canvas import BLUE, CARD, INK, ORANGE, WIDTH, draw, scale
from .chart import Chart, Floats

MAX_NAMED = 12  # classes whose names and counts fit the width of a phone; beyond, classes are numbered


def confusion(matrix: NDArray[np.int64], names: Sequence[str]) -> Chart:
    """Counts (K, K), rows truth; each cell is shaded by its share of its row."""
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    reading = (
        "Row: what the picture is; column: what the network said. Blue on the diagonal is right, orange is a mistake; "
        "deeper means a larger share of the row."
    )
    if len(names) > MAX_NAMED:
        reading += " The table of classes tells which number is which class."
        return Chart("Confusion matrix", draw(lambda figure: _picture(figure, shares), WIDTH), reading)
    drawing = draw(lambda figure: _cells(figure, matrix, shares, names), WIDTH + 6 if len(names) > 3 else 250)
    return Chart("Confusion matrix", drawing, reading)


def _cells(figure: Figure, matrix: NDArray[np.int64], shares: Floats, names: Sequence[str]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    n = len(names)
    for row, column in np.argwhere(matrix):
        share, colour = float(shares[row, column]), BLUE if row == column else ORANGE
        # mistakes are rarer than hits: the root lifts a share of 4 % to a tint that can be seen
        alpha = 0.1 + 0.9 * (share if row == column else share**0.5)
        axes.add_patch(Rectangle((column - 0.47, row - 0.47), 0.94, 0.94, color=colour, alpha=alpha, linewidth=0))
        on_dark = CARD if alpha > 0.6 else INK
        size = 11 if n < 8 else 9.5 if matrix.max() < 1000 else 8
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=on_dark, fontsize=size)
    labels = [short(name, 14) for name in names]
    axes.xaxis.tick_top()
    axes.set_xticks(range(n), labels, color=INK)
    if n > 3:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(n), labels, color=INK)
    axes.tick_params(length=0)
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    axes.spines[:].set_visible(False)


def _picture(figure: Figure, shares: Floats) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    n = len(shares)
    pixels = np.zeros((n, n, 4))
    pixels[..., :3] = np.array([224, 108, 30]) / 255  # tints that stand out on white and on black paper alike
    pixels[np.eye(n, dtype=bool), :3] = np.array([52, 134, 204]) / 255
    pixels[..., 3] = np.where(shares > 0, 0.15 + 0.85 * shares**0.5, 0)
    axes.imshow(pixels, extent=(0.5, n + 0.5, n + 0.5, 0.5), interpolation="none")
    axes.spines[["top", "right"]].set_visible(True)
    scale(axes, "x", log=False)
    scale(axes, "y", log=False)
    axes.set_xlabel("number of the class the network said")
    axes.set_ylabel("number of the true class")
