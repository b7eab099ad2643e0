"""Can other coordinates make a problem linear?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..data.toys import make
from ..features.polar import polar
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, scale
from ..report.figures.chart import Chart
from ..report.figures.regions import regions
from ._exhibit import Exhibit


def run(
    n: Annotated[int, Limits(20, 100_000), About("points")] = 300,
    seed: Annotated[int, Limits(0), About("of the points")] = 0,
) -> Exhibit:
    from sklearn.linear_model import LogisticRegression

    points, labels = make("ring", n, seed)
    line = LogisticRegression().fit(points, labels)
    circle = LogisticRegression().fit(turned(points), labels)
    straight, round_ = float(line.score(points, labels)), float(circle.score(turned(points), labels))
    blind = float(np.bincount(labels).max() / n)
    (distance, angle), offset = circle.coef_[0], float(circle.intercept_[0])
    radius = -offset / distance
    findings = [
        f"A linear classifier of x and y gets {straight:.1%} of the {n} points right; the larger class, {blind:.1%}.",
        f"The same classifier of distance and angle gets {round_:.1%} right.",
        f"It learned a circle of radius {radius:.2f}: distance weighs {distance:.1f}, the angle {angle:.2f}.",
    ]
    charts = [
        regions(line.predict, points, labels, f"A line in x and y: {straight:.1%} right"),
        regions(lambda some: circle.predict(turned(some)), points, labels, f"A line in polar: {round_:.1%} right"),
        _plane(points, labels, radius),
    ]
    numbers = {"cartesian": straight, "polar": round_, "blind": blind}
    return Exhibit("Polar coordinates", findings, charts, data=numbers)


def turned(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points (N, 2) as distance and angle."""
    found: NDArray[np.float32] = polar(torch.from_numpy(points)).numpy()
    return found


def _plane(points: NDArray[np.float32], labels: NDArray[np.int64], border: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for label, colour, mark in ((0, BLUE, "o"), (1, ORANGE, "^")):
            distance, angle = turned(points[labels == label]).T
            axes.plot(distance, angle, mark, color=colour, markersize=3)
        axes.axvline(border, color="#5a6673")
        axes.set(xlabel="distance from the centre", ylabel="angle, radians")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)

    reading = "The same points in the coordinates that the second classifier sees: a straight line parts them."
    return Chart("Distance and angle", draw(paint, 260), reading)
