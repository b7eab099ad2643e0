"""Why does nearness lose its meaning in many dimensions?"""

from typing import Annotated, Literal

import torch
from matplotlib.figure import Figure

from ..geometry.distances import l1_distances, l2_distances
from ..recipes._form import About, Limits
from ..report.exhibit import Exhibit, Table
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart

DIMENSIONS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 3072)  # the last: a picture of 32 x 32 in colour
SPACING = 4  # points along one axis
QUERIES = 50
QUICK = {"n": 100}


def run(
    n: Annotated[int, Limits(10, 20_000), About("points spread evenly over the unit cube")] = 1000,
    metric: Annotated[Literal["l1", "l2"], About("distance")] = "l2",
    seed: Annotated[int, Limits(0), About("of the points")] = 0,
) -> Exhibit:
    """Points spread evenly over the unit cube of more and more dimensions, and how much farther the farthest is."""
    generator = torch.Generator().manual_seed(seed)
    distances = {"l1": l1_distances, "l2": l2_distances}[metric]
    ratios, reaches = [], []
    for dimension in DIMENSIONS:
        points = torch.rand(n, dimension, generator=generator)
        between = distances(torch.rand(QUERIES, dimension, generator=generator), points)
        ratios.append(float((between.amin(1) / between.amax(1)).median()))
        # the side of a cube that holds 1 % of the points
        reaches.append(0.01 ** (1 / dimension))
    needed = {dimension: SPACING**dimension for dimension in (1, 2, 3, 10)}
    findings = [
        (
            f"To have a point every quarter of an axis takes {needed[1]} points in one dimension, {needed[2]} in two, "
            f"{needed[3]} in three, {needed[10]:,} in ten: the number grows as {SPACING} to the power of the dimension."
        ),
        (
            f"Among {n:,} random points the nearest is {_times(ratios[1])} as far as the farthest in 2 dimensions, "
            f"{_times(ratios[DIMENSIONS.index(10)])} in 10, and {_times(ratios[-1])} in {DIMENSIONS[-1]:,}: "
            "where all are about equally far, the nearest says little."
        ),
        (
            f"A cube that holds 1 % of the volume is {reaches[1]:.2f} wide in 2 dimensions and {reaches[-1]:.4f} in "
            f"{DIMENSIONS[-1]:,}: a neighbourhood is no longer local."
        ),
        "Real pictures are kinder than random points: they lie near a surface of far fewer dimensions.",
    ]
    chart = Chart(
        "The nearest of all, as a share of the farthest",
        draw(lambda figure: _paint(figure, ratios, reaches), 250),
        "At 0 % the nearest point is truly near, at 100 % all are equally far; the dashed line is the side of a cube "
        "with 1 % of the volume.",
    )
    rows = [[f"{d}", f"{100 * a:.1f} %", f"{b:.4f}"] for d, a, b in zip(DIMENSIONS, ratios, reaches, strict=True)]
    tables = [
        Table(
            "Points for one every quarter of an axis",
            ["dimensions", "points"],
            [[f"{d}", f"{m:,}"] for d, m in needed.items()],
        ),
        Table("Measured", ["dimensions", "nearest / farthest", "side of 1 % of the volume"], rows),
    ]
    data = {"dimensions": list(DIMENSIONS), "nearest_to_farthest": ratios, "side": reaches, "points_needed": needed}
    return Exhibit("The curse of dimensionality", findings, [chart], tables=tables, data=data)


def _paint(figure: Figure, ratios: list[float], reaches: list[float]) -> None:
    axes = figure.add_subplot()
    axes.axhline(1, color=MUTED, linewidth=0.8)
    axes.plot(DIMENSIONS, ratios, "o-", ms=4, color=BLUE, label="nearest / farthest")
    axes.plot(DIMENSIONS, reaches, "--", color=ORANGE, label="side of 1 %")
    scale(axes, "x", log=True)
    percent(axes, "y")
    axes.set(xlabel="dimensions", ylim=(0, 1.05))
    legend(axes)


def _times(ratio: float) -> str:
    return f"{100 * ratio:.0f} %"
