"""Why three 3x3 convolutions rather than one of 7x7?"""

from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import nn

from ..models.description import Description, describe
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ..report.wording import scaled
from ._exhibit import Exhibit, Table

FIELDS = (3, 5, 7, 9, 11)
QUICK = {"side": 8}


def stack(channels: int, depth: int) -> nn.Sequential:
    """3x3 convolutions with ReLU between them; without biases, as the comparison is usually made."""
    convs = [nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(depth)]
    return nn.Sequential(*(part for conv in convs for part in (conv, nn.ReLU())))


def one(channels: int, field: int) -> nn.Sequential:
    """One convolution that sees as much at once."""
    return nn.Sequential(nn.Conv2d(channels, channels, field, padding=field // 2, bias=False), nn.ReLU())


def run(
    channels: Annotated[int, Limits(1, 4096), About("maps in and out")] = 64,
    side: Annotated[int, Limits(1, 1024), About("of the maps, in pixels")] = 56,
) -> Exhibit:
    """Parameters, multiplications, values and views of stacks of 3x3 convolutions and of single large ones."""
    image = (channels, side, side)
    with torch.device("meta"):
        stacks = {field: describe(stack(channels, (field - 1) // 2), image) for field in FIELDS}
        singles = {field: describe(one(channels, field), image) for field in FIELDS}
    views = [stacks[7].layers[2 * i].field[0] for i in range(3)]
    three, single = stacks[7], singles[7]
    times = single.parameters / three.parameters
    findings = [
        f"One value behind one, two, three 3x3 layers has seen {', '.join(map(str, views))} px: as much as 7x7.",
        (
            f"With C = {channels} maps the three have 27 C² = {three.parameters:,} weights, the one 49 C² = "
            f"{single.parameters:,}: {times:.2f} times as many, and as many times the work."
        ),
        (
            f"The three bend the signal three times instead of once, and pay in memory: {scaled(_written(three))} "
            f"values instead of {scaled(_written(single))} for {side} x {side} px."
        ),
        f"To see 11 px the factor is {singles[11].parameters / stacks[11].parameters:.2f}: it grows with the view.",
    ]
    rows = [
        [
            str(field),
            f"{(field - 1) // 2}",
            f"{stacks[field].parameters:,}",
            f"{singles[field].parameters:,}",
            f"{stacks[field].macs:,}",
            f"{singles[field].macs:,}",
        ]
        for field in FIELDS
    ]
    headings = ["px seen", "3x3 layers", "weights, stacked", "weights, one", "multiplications, stacked", "one"]
    counts = {field: (stacks[field].parameters, singles[field].parameters) for field in FIELDS}
    chart = Chart(
        "Weights that it takes to see so much",
        draw(lambda figure: _paint(figure, counts), 230),
        "Stacked, weights grow in proportion to what is seen; in one filter, with its square.",
    )
    data = {"views": views, "three_3x3": three.parameters, "one_7x7": single.parameters}
    tables = [Table("Stacked against single", headings, rows)]
    return Exhibit("Stacks of small filters", findings, [chart], tables=tables, data=data)


def _written(found: Description) -> int:
    return sum(layer.activations for layer in found.layers)


def _paint(figure: Figure, counts: dict[int, tuple[int, int]]) -> None:
    axes = figure.add_subplot()
    for which, (name, colour) in enumerate((("3x3 layers, stacked", BLUE), ("one convolution", ORANGE))):
        axes.plot(list(counts), [pair[which] / 1000 for pair in counts.values()], "o-", ms=4, color=colour, label=name)
    axes.set(xticks=FIELDS, xlabel="pixels seen, along one side", ylabel="thousand weights", ylim=(0, None))
    scale(axes, "y", log=False)
    legend(axes, columns=2)
