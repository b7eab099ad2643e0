"""A model's figure beside those of others: of methods that need no learning, and of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from matplotlib.figure import Figure

from .canvas import BLUE, GREEN, INK, MUTED, draw
from .chart import Chart

OURS, SIMPLE, PEOPLE = "ours", "simple", "people"
COLOURS = {OURS: (BLUE, 1.0), SIMPLE: (MUTED, 0.45), PEOPLE: (GREEN, 0.45)}


@dataclass(frozen=True)
class Rival:
    """Who answered, the figure and the ends of its 95 % interval (NaN if unknown); kind: ours, simple or people."""

    name: str
    value: float
    kind: str = SIMPLE
    low: float = nan
    high: float = nan


def rivals(found: Sequence[Rival], title: str, reading: str, digits: int) -> Chart:
    """A bar each, with its interval. digits: of the figures behind the point."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        reach = float(np.nanmax([[one.value, one.high] for one in found])) or 1.0
        for row, one in zip(reversed(range(len(found))), found, strict=True):
            colour, alpha = COLOURS[one.kind]
            axes.barh(row, one.value, 0.4, color=colour, alpha=alpha)
            weight = "bold" if one.kind == OURS else "normal"
            axes.text(0, row + 0.3, one.name, va="bottom", color=INK, fontweight=weight)
            if np.isfinite(one.low):
                axes.plot([one.low, one.high], [row, row], color=INK, linewidth=1.4, marker="|", ms=8, mew=1.4)
            end = float(np.nanmax([one.value, one.high]))
            axes.text(end + 0.02 * reach, row, f"{one.value:.{digits}f}", va="center", color=INK)
        axes.set(xlim=(0, reach * 1.24), ylim=(-0.4, len(found) - 0.1))
        axes.set_axis_off()

    return Chart(title, draw(paint, 40 * len(found) + 8), reading)
