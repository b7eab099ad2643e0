"""Bars: the network beside simple methods, and the size of the classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from matplotlib.figure import Figure

from ..wording import percent, plain, short
from .canvas import BLUE, INK, MUTED, draw, scale
from .chart import Chart

MAX_BARS = 24  # classes beyond this are drawn as a profile without names


@dataclass(frozen=True)
class Bar:
    """The accuracy of a method; `low` and `high` are the ends of its interval, NaN if unknown."""

    name: str
    accuracy: float
    ours: bool = False
    low: float = nan
    high: float = nan


def baselines(bars: Sequence[Bar], measure: str = "accuracy") -> Chart:
    """Accuracy, or another measure that is 1 at best, of simple methods in grey, of the network in blue."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        reach = float(np.nanmax([[bar.accuracy, bar.high] for bar in bars])) or 1.0
        for row, bar in zip(reversed(range(len(bars))), bars):
            axes.barh(row, bar.accuracy, 0.4, color=BLUE if bar.ours else MUTED, alpha=1 if bar.ours else 0.45)
            axes.text(0, row + 0.3, bar.name, va="bottom", color=INK, fontweight="bold" if bar.ours else "normal")
            if np.isfinite(bar.low):
                axes.plot([bar.low, bar.high], [row, row], color=INK, linewidth=1.4, marker="|", ms=8, mew=1.4)
            end = float(np.nanmax([bar.accuracy, bar.high]))
            axes.text(end + 0.02 * reach, row, percent(bar.accuracy), va="center", color=INK)
        axes.set(xlim=(0, reach * 1.24), ylim=(-0.4, len(bars) - 0.1))
        axes.set_axis_off()

    reading = (
        "The blue bars must end well to the right of the grey ones, or the network bought nothing; "
        "the whisker is the 95 % interval."
        if any(bar.ours for bar in bars)
        else "A network is worth its trouble only if it ends well to the right of every one of these bars."
    )
    title = measure if measure != measure.lower() else measure.capitalize()
    return Chart(f"{title} against simple methods", draw(paint, 40 * len(bars) + 8), reading)


def class_counts(names: Sequence[str], counts: Sequence[int]) -> Chart:
    """Pictures a class: named bars for few classes, the sorted profile for many."""
    order = sorted(range(len(names)), key=lambda k: -counts[k])
    sorted_names, sorted_counts = [names[k] for k in order], [counts[k] for k in order]
    reading = "Bars of like length are easiest to learn from; a class with few pictures is learned and measured poorly."
    if len(names) <= MAX_BARS:
        drawing = draw(lambda figure: _named(figure, sorted_names, sorted_counts), 21 * len(names) + 12)
        return Chart("Pictures in each class", drawing, reading)
    reading += f" Largest: {short(sorted_names[0], 30)} ({plain(sorted_counts[0])}); "
    reading += f"smallest: {short(sorted_names[-1], 30)} ({plain(sorted_counts[-1])})."
    return Chart("Pictures in each class", draw(lambda figure: _profile(figure, sorted_counts), 200), reading)


def _named(figure: Figure, names: Sequence[str], counts: Sequence[int]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    rows = np.arange(len(names))[::-1]
    axes.barh(rows, counts, height=0.6, color=BLUE, alpha=0.75, linewidth=0)
    for row, count in zip(rows, counts):
        axes.annotate(plain(count), (count, row), (4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(rows, [short(name, 16) for name in names], color=INK)
    axes.set(xticks=[], xlim=(0, max(*counts, 1) * 1.16), ylim=(-0.6, len(names) - 0.4))
    axes.spines[["bottom", "left"]].set_visible(False)


def _profile(figure: Figure, counts: Sequence[int]) -> None:
    axes = figure.add_subplot()
    axes.stairs(counts, np.arange(len(counts) + 1) + 0.5, fill=True, color=BLUE, alpha=0.75, linewidth=0)
    axes.set_xlim(0.5, len(counts) + 0.5)
    axes.set_xlabel("classes, from the largest to the smallest")
    scale(axes, "y", log=False)
    scale(axes, "x", log=False)
