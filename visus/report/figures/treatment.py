"""What remedies did: the difference each made over the run as it is, pair by pair, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ..wording import FIRM, short
from .canvas import GREEN, INK, MUTED, RED, draw, scale
from .chart import Chart

ROW = 46  # units of height a remedy


@dataclass(frozen=True)
class Effect:
    """A remedy's mean difference in score, the ends of its 95 % interval and the difference of each pair."""

    name: str
    mean: float
    low: float
    high: float
    pairs: Sequence[float]
    helps: bool

    @property
    def colour(self) -> str:
        return GREEN if self.helps else RED if self.high < 0 else MUTED


def effects(found: Sequence[Effect], score: str, shares: bool) -> Chart:
    """One row a remedy: small dots are pairs of trials with the same seed. shares: the score is a fraction."""

    unit = 100 if shares else 1  # fractions are shown in points

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        axes.axvline(0, color=INK, linewidth=1)
        for row, effect in zip(reversed(range(len(found))), found):
            low, mean, high = (unit * value for value in (effect.low, effect.mean, effect.high))
            pairs = [unit * pair for pair in effect.pairs]
            axes.plot([low, high], [row, row], color=effect.colour, linewidth=2, marker="|", ms=9, mew=2)
            axes.plot(mean, row, "o", color=effect.colour, ms=7)
            axes.plot(pairs, [row - 0.2] * len(pairs), "o", color=INK, ms=3, alpha=0.55, mew=0)
            weight = "bold" if effect.helps else "normal"
            at = (0, row + 0.28)
            name = short(effect.name, 34)
            axes.annotate(name, at, (5, 0), textcoords="offset points", va="bottom", color=INK, fontweight=weight)
        values = [unit * value for e in found for value in (0.0, e.low, e.high, *e.pairs)]
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        room = 0.08 * max(high - low, 1e-6)
        axes.set(xlim=(low - room, high + room), ylim=(-0.5, len(found) - 0.25), yticks=[])
        axes.spines["left"].set_visible(False)
        scale(axes, "x", log=False)
        axes.set_xlabel(f"difference in {score}{', in points' if shares else ''}")

    reading = (
        f"Right of the line is better than the run as it is. The bar is the 95{FIRM}% interval of the mean, each small "
        "dot a pair of trials with the same seed; a remedy helps where its whole bar lies clear of the line."
    )
    return Chart("What the remedies did", draw(paint, ROW * len(found) + 40), reading)
