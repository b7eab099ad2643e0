"""Accuracy against a setting: every fold as a point, mean and spread of each value on top."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .canvas import BLUE, MUTED, ORANGE, draw, legend, percent, scale
from .chart import Chart, Floats

WIDE = 20.0  # times: positive numbers that reach further apart are drawn on a logarithmic axis


def crossvalidation(name: str, values: Sequence[Any], scores: Floats, best: int) -> Chart:
    """scores: (values, folds) accuracies, NaN where a training diverged. best: the place of the best value."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    places = np.array(values, dtype=float) if numbers else np.arange(len(values), dtype=float)
    order = np.argsort(places)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        folds = np.broadcast_to(places[:, None], scores.shape)
        axes.plot(folds.ravel(), scores.ravel(), "o", color=MUTED, ms=4, alpha=0.8, mew=0, zorder=3, label="a fold")
        mean, spread = scores.mean(1), scores.std(1, ddof=1)
        axes.errorbar(
            places[order], mean[order], spread[order], color=BLUE, marker="o", ms=4, capsize=3, label="mean ± deviation"
        )
        axes.plot(places[best], mean[best], "o", color=ORANGE, ms=8, mfc="none", mew=1.8, label="best")
        if numbers and places.min() > 0 and places.max() > WIDE * places.min():
            scale(axes, "x", log=True)
        elif numbers:
            scale(axes, "x", log=False)
        else:
            axes.set_xticks(places, [str(value) for value in values])
            axes.set_xlim(-0.5, len(values) - 0.5)
        percent(axes, "y")
        axes.set_xlabel(name)
        legend(axes)

    reading = (
        "Every grey point is one fold that was validated on after training on all others. Where bars of two values "
        "overlap widely, these folds do not tell the values apart."
    )
    return Chart(f"Validation accuracy against {name}", draw(paint, 250), reading)
