"""How large may a gradient step be?"""

from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit

STEP_SIZES = (0.05, 0.5, 0.95, 1.05)  # of the valley x**2, whose curvature is 2: 1 is where it begins to diverge
COLOURS = (BLUE, GREEN, ORANGE, RED)


def descend(lr: float, steps: int, start: float = 1.0) -> list[float]:
    """The places x_0 ... x_steps of x -= lr * f'(x) on f(x) = x**2.

    Each step multiplies x by 1 - 2 lr: it closes in without a swing below 1/2, swings and closes in below 1, and flies
    off above. On any function 1/2 and 1 become 1/curvature and 2/curvature.
    """
    places = [start]
    for _ in range(steps):
        places.append(places[-1] - lr * 2 * places[-1])
    return places


def run(steps: Annotated[int, Limits(1, 1000), About("steps of descent")] = 20) -> Exhibit:
    paths = {lr: descend(lr, steps) for lr in STEP_SIZES}
    findings = [
        f"Step size {lr:g}: after {steps} steps |x| went from 1 to {abs(path[-1]):.3g}." for lr, path in paths.items()
    ]
    findings.append("The rate that descends fastest lies just below the one that diverges; start small, then raise it.")

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (lr, path), colour in zip(paths.items(), COLOURS, strict=True):
            axes.plot(np.abs(path), color=colour, label=f"{lr:g}")
        scale(axes, "y", log=True)
        axes.set(xlabel="step", ylabel="distance from the minimum")
        legend(axes, columns=4)

    reading = "A straight line down is exponential convergence; only the largest step size rises."
    chart = Chart("Distance from the minimum of x²", draw(paint, 240), reading)
    return Exhibit("Step size", findings, [chart], data={"paths": {str(lr): path for lr, path in paths.items()}})
