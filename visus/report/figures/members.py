"""Accuracy against the number of networks whose predictions are averaged."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from ...metrics.gain import Step
from .canvas import BLUE, GREEN, MUTED, ORANGE, PURPLE, draw, legend, percent
from .chart import Chart

_CYCLE = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PURPLE, "D"))
MOST_TICKS = 8


def members(curves: Mapping[str, Sequence[Step]]) -> Chart:
    """A line a kind of ensemble; where there is only one, the span of its groups too."""
    alone = len(curves) == 1

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, curve), (colour, marker) in zip(curves.items(), _CYCLE):
            x = [step.members for step in curve]
            if alone:
                axes.fill_between(x, [s.low for s in curve], [s.high for s in curve], color=MUTED, alpha=0.18, lw=0)
            axes.plot(x, [s.mean for s in curve], marker=marker, ms=4, color=colour, label=name)
        most = max(len(curve) for curve in curves.values())
        axes.set_xticks(range(1, most + 1, -(-most // MOST_TICKS)))
        axes.set_xlabel("networks averaged")
        percent(axes, "y")
        if not alone:
            legend(axes)

    reading = "Each point is the mean over groups of so many members: the first ones usually gain most."
    if alone:
        reading += " The band spans the worst and the best group of that size."
    return Chart("Accuracy against the number of members", draw(paint, 220), reading)
