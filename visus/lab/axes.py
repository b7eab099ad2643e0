"""Which numbers does a sum along an axis add?"""

import numpy as np
from matplotlib.figure import Figure

from ..report.figures.canvas import BLUE, INK, MUTED, ORANGE, draw
from ..report.figures.chart import Chart
from ._exhibit import Exhibit


def run() -> Exhibit:
    table = np.arange(12).reshape(3, 4)
    down, across = table.sum(axis=0), table.sum(axis=1)
    findings = [
        f"An array of shape {table.shape} summed along axis 0 has shape {down.shape}: rows collapse, {down.tolist()}.",
        f"Summed along axis 1 it has shape {across.shape}: columns collapse, {across.tolist()}.",
        "The axis that is named is the one that disappears; keepdims=True leaves it with length 1, for broadcasting.",
    ]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_axis_off()
        for (row, column), value in np.ndenumerate(table):
            axes.text(column, -row, str(value), ha="center", va="center", color=INK)
        for column, value in enumerate(down):
            axes.text(column, -3.4, str(value), ha="center", va="center", color=BLUE, fontweight="bold")
        for row, value in enumerate(across):
            axes.text(4.4, -row, str(value), ha="center", va="center", color=ORANGE, fontweight="bold")
        axes.plot([-0.4, 3.4], [-2.7, -2.7], color=MUTED)
        axes.plot([3.7, 3.7], [0.4, -2.4], color=MUTED)
        axes.text(-0.6, -3.4, "axis 0", ha="right", va="center", color=BLUE)
        axes.text(4.4, 0.8, "axis 1", ha="center", va="center", color=ORANGE)
        axes.set(xlim=(-2, 5.2), ylim=(-4, 1.3))

    reading = "Blue: what is left when rows are added up. Orange: what is left when columns are."
    return Exhibit(
        "Sums along an axis",
        findings,
        [Chart("Twelve numbers in three rows", draw(paint, 190), reading)],
        data={"axis_0": down.tolist(), "axis_1": across.tolist()},
    )
