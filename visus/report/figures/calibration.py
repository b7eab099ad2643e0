"""The reliability diagram: what the network claims against what it delivers."""

import numpy as np
from matplotlib.figure import Figure

from ...metrics.calibration import Reliability
from ...metrics.intervals import wilson
from .canvas import BLUE, MUTED, draw, percent, scale
from .chart import Chart


def calibration(bins: Reliability) -> Chart:
    """Accuracy against confidence, with intervals, over a histogram of confidence."""
    filled = np.flatnonzero(bins.count)

    def paint(figure: Figure) -> None:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.1, linestyle=(0, (4, 3)))
        for m in filled:
            ends = wilson(int(bins.right[m]), int(bins.count[m]))
            axes.plot([bins.confidence[m]] * 2, ends, color=BLUE, linewidth=1.2, alpha=0.55)
        axes.plot(bins.confidence[filled], bins.accuracy[filled], "o-", color=BLUE, ms=5, linewidth=1.4)
        axes.set_ylim(-0.02, 1.02)
        axes.set_title("share that was right")
        axes.text(0.03, 0.92, "too modest", color=MUTED)
        axes.text(0.98, 0.04, "too sure", color=MUTED, ha="right")
        width = float(bins.edges[1] - bins.edges[0])
        below.bar(bins.edges[:-1], bins.count, width * 0.86, align="edge", color=MUTED, alpha=0.5, linewidth=0)
        below.set_title("pictures")
        below.set_xlabel("probability the network gave to its answer")
        scale(below, "y", log=False, ticks=2)
        percent(axes, "y")
        percent(below, "x")
        below.set_xlim(0, 1)

    reading = (
        "On the dashed line, 80 % sure is right 80 % of the time; points below it promise too much. "
        "Upright lines are 95 % intervals."
    )
    return Chart("Is it as sure as it should be?", draw(paint, 310), reading)
