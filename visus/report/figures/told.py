"""Numbers against their truth, how far off they are, and how well attributes are told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..wording import percent, short
from .canvas import BLUE, INK, MUTED, draw, scale
from .chart import Chart

MOST_POINTS = 2_000  # of a scatter; more of them make a page heavy and show no more
BINS = 31
MOST_NAMED = 40  # attributes with a bar; the weakest come first

Values = NDArray[Any]


def scatter(name: str, said: Values, true: Values) -> Chart:
    """Predicted against true, (N,) each, over the line on which a perfect model lies."""
    rows = np.linspace(0, len(said) - 1, min(MOST_POINTS, len(said))).astype(int)
    low, high = float(min(said.min(), true.min())), float(max(said.max(), true.max()))
    edge = 0.04 * (high - low or 1.0)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([low, high], [low, high], color=MUTED, linewidth=1.1, linestyle=(0, (4, 3)))
        axes.plot(true[rows], said[rows], "o", color=BLUE, ms=4, alpha=0.55 if len(rows) < 300 else 0.25, mew=0)
        axes.set(xlim=(low - edge, high + edge), ylim=(low - edge, high + edge))
        axes.set_title(f"{short(name, 30)}, predicted")
        axes.set_xlabel(f"{short(name, 30)}, true")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)

    reading = (
        "On the dashed line a prediction is right. A cloud flatter than the line says too little of the differences: "
        "small values are predicted too large, large ones too small."
    )
    return Chart(f"{short(name, 30)}: predicted against true", draw(paint, 290), reading)


def errors(name: str, error: Values) -> Chart:
    """How often which error (N,) is made."""
    reach = float(np.abs(error).max()) or 1.0

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        counts, edges = np.histogram(error, np.linspace(-reach, reach, BINS + 1))
        axes.stairs(counts, edges, fill=True, color=BLUE, alpha=0.75, linewidth=0)
        axes.axvline(0, color=MUTED, linewidth=1.1, linestyle=(0, (4, 3)))
        axes.axvline(float(error.mean()), color=INK, linewidth=1.4)
        axes.set_title("pictures")
        axes.set_xlabel(f"{short(name, 30)}, predicted less true")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False, ticks=4)

    reading = f"The upright line is the mean error, {error.mean():+.3g}: far from the dashed line it errs to one side."
    return Chart(f"{short(name, 30)}: errors", draw(paint, 290), reading)


def attributes(names: Sequence[str], precision: Sequence[float], shares: Values) -> Chart:
    """Average precision of each attribute (A,), weakest first, with the share of pictures that have it as its zero."""
    shown = [k for k in range(len(names)) if np.isfinite(precision[k])][:MOST_NAMED]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        for row, k in zip(reversed(range(len(shown))), shown):
            axes.barh(row, precision[k], 0.42, color=BLUE, alpha=0.75, linewidth=0)
            axes.plot([shares[k]] * 2, [row - 0.3, row + 0.21], color=INK, linewidth=1.6)
            axes.text(0, row + 0.26, short(names[k], 32), va="bottom", color=INK)
            axes.text(max(precision[k], shares[k]) + 0.02, row, percent(precision[k]), va="center", color=INK)
        axes.set(xlim=(0, 1.2), ylim=(-0.5, len(shown) - 0.1))
        axes.set_axis_off()

    reading = (
        "Average precision: how purely pictures with the attribute stand above those without. The upright line is what "
        "a random order reaches, the share of pictures that have it: a bar must end well to its right."
    )
    return Chart("Attributes, the weakest first", draw(paint, 36 * max(1, len(shown)) + 8), reading)
