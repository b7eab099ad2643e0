"""Translations against those that need no network, and by the length of the sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from matplotlib.figure import Figure

from .canvas import BLUE, INK, MUTED, draw, scale
from .chart import Chart


@dataclass(frozen=True)
class Method:
    """What translated, its BLEU from 0 to 100 and the ends of its 95 % interval, NaN if unknown."""

    name: str
    bleu: float
    ours: bool = False
    low: float = nan
    high: float = nan


def methods(found: Sequence[Method]) -> Chart:
    """A bar each, with its interval."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        reach = float(np.nanmax([[one.bleu, one.high] for one in found])) or 1.0
        for row, one in zip(reversed(range(len(found))), found, strict=True):
            axes.barh(row, one.bleu, 0.4, color=BLUE if one.ours else MUTED, alpha=1 if one.ours else 0.45)
            axes.text(0, row + 0.3, one.name, va="bottom", color=INK, fontweight="bold" if one.ours else "normal")
            if np.isfinite(one.low):
                axes.plot([one.low, one.high], [row, row], color=INK, linewidth=1.4, marker="|", ms=8, mew=1.4)
            end = float(np.nanmax([one.bleu, one.high]))
            axes.text(end + 0.02 * reach, row, f"{one.bleu:.1f}", va="center", color=INK)
        axes.set(xlim=(0, reach * 1.24), ylim=(-0.4, len(found) - 0.1))
        axes.set_axis_off()

    reading = (
        "Word by word is the likeliest translation of each word, in the order of the source: what the network is above "
        "it, it knows of grammar and of context. The whisker is the 95 % interval."
    )
    return Chart("BLEU against simple methods", draw(paint, 40 * len(found) + 8), reading)


def by_length(groups: Sequence[tuple[int, int, float, int]]) -> Chart:
    """BLEU by the number of source words. groups: first and last length, BLEU, number of sentences."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        values = [bleu for _, _, bleu, _ in groups]
        axes.bar(range(len(groups)), values, 0.6, color=BLUE, alpha=0.75, linewidth=0)
        for place, (_, _, bleu, n) in enumerate(groups):
            axes.annotate(f"{n}", (place, bleu), (0, 3), textcoords="offset points", ha="center", color=MUTED)
        scale(axes, "y", log=False)
        names = [f"{low}–{high}" if high - low < 50 and place < len(groups) - 1 else f"{low} and more"
                 for place, (low, high, _, _) in enumerate(groups)]  # fmt: skip
        axes.set_xticks(range(len(groups)), names)
        axes.set_xlabel("words in the sentence that was read")
        axes.set_ylim(0, max(*values, 1.0) * 1.12)

    reading = "Above each bar the number of sentences. A steep fall with length says that it forgets what it has read."
    return Chart("BLEU by the length of the sentence", draw(paint, 210), reading)
