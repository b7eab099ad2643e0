"""What does the start of the weights do to a signal on its way through ten layers?"""

from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from ..layers import initialise
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

QUICK = {"width": 60, "examples": 40}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "relu": torch.relu}
TITLES = {"tanh": "tanh", "relu": "ReLU"}
COLOURS = {
    "zero": MUTED,
    "small_normal": RED,
    "inverse_sqrt": PURPLE,
    "glorot": BLUE,
    "he": GREEN,
    "sparse": INK,
    "normal of 1": ORANGE,
}
NEVER = 1e-30  # what a logarithmic axis shows in the place of 0
SATURATED = 0.97  # of tanh: its slope is below 0.06 beyond
SHOWN = 5  # layers whose histograms are drawn
Statistics = dict[str, list[float]]


def starts() -> dict[str, Callable[[Tensor], Tensor]]:
    """Every initialiser by name, and the one that is too large: normal with deviation 1."""
    return {**initialise.NAMED, "normal of 1": lambda weight: nn.init.normal_(weight, std=1.0)}


def activations(start: str, activation: str, width: int, depth: int, examples: int, seed: int) -> list[Tensor]:
    """Outputs (examples, width) of each layer of a fresh network that reads normal inputs of deviation 1."""
    torch.manual_seed(seed)
    x, found = torch.randn(examples, width), []
    for _ in range(depth):
        x = ACTIVATIONS[activation](x @ starts()[start](torch.empty(width, width)).T)
        found.append(x)
    return found


def statistics(layers: list[Tensor]) -> Statistics:
    """Mean, deviation, and shares of saturated, of zero and of alike values, layer by layer."""
    return {
        "mean": [float(x.mean()) for x in layers],
        "deviation": [float(x.std()) for x in layers],
        "saturated": [float((x.abs() > SATURATED).float().mean()) for x in layers],
        "zero": [float((x == 0).float().mean()) for x in layers],
    }


def run(
    depth: Annotated[int, Limits(2, 50), About("layers")] = 10,
    width: Annotated[int, Limits(10, 4000), About("units in each")] = 500,
    examples: Annotated[int, Limits(10, 10_000), About("inputs, normal with deviation 1")] = 500,
    seed: Annotated[int, Limits(0), About("of inputs and weights")] = 0,
) -> Exhibit:
    layers = {
        activation: {start: activations(start, activation, width, depth, examples, seed) for start in starts()}
        for activation in ACTIVATIONS
    }
    measured = {a: {start: statistics(found) for start, found in by.items()} for a, by in layers.items()}
    findings = [sentence for activation, by in measured.items() for sentence in _findings(activation, by, depth)]
    charts = [_courses(activation, by) for activation, by in measured.items()]
    charts += [_histograms(activation, by) for activation, by in layers.items()]
    tables = [_table(activation, by) for activation, by in measured.items()]
    return Exhibit(
        "A signal through ten layers" if depth == 10 else f"A signal through {depth} layers",
        findings,
        charts,
        tables=tables,
        data={"statistics": measured},
    )


def _findings(activation: str, by: dict[str, Statistics], depth: int) -> list[str]:
    kept = {start: found["deviation"][-1] / max(found["deviation"][0], NEVER) for start, found in by.items()}
    faded = [f"{start} ({by[start]['deviation'][-1]:.1g})" for start, share in kept.items() if share < 0.01]
    saturated = {start: found["saturated"][-1] for start, found in by.items()}
    full = [f"{start} ({share:.0%})" for start, share in saturated.items() if activation == "tanh" and share > 0.5]
    burst = [f"{start} ({by[start]['deviation'][-1]:.1g})" for start, share in kept.items() if share > 100]
    sound = [
        start for start, share in kept.items() if 0.1 <= share <= 10 and saturated[start] * (activation == "tanh") < 0.5
    ]
    name = TITLES[activation]
    found = [f"{name}: the signal keeps its size through {depth} layers with {', '.join(sound) or 'none of them'}."]
    if faded:
        found.append(
            f"{name}: it fades, and with it every gradient, with {', '.join(faded)}; in brackets the deviation."
        )
    if full:
        found.append(f"{name}: it saturates, so gradients vanish, with {', '.join(full)}; in brackets the share.")
    if burst:
        found.append(f"{name}: it explodes with {', '.join(burst)}; in brackets the deviation after layer {depth}.")
    return found


def _courses(activation: str, by: dict[str, Statistics]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for start, found in by.items():
            if max(found["deviation"]) > 0:
                axes.plot(range(1, len(found["deviation"]) + 1), found["deviation"], color=COLOURS[start], label=start)
        scale(axes, "y", log=True)
        scale(axes, "x", log=False)
        axes.set(xlabel="layer", ylabel="deviation of its outputs")
        legend(axes, columns=2)

    reading = "A level line keeps the signal. Between equally wide layers glorot, inverse_sqrt and sparse share a line."
    return Chart(f"Deviation layer by layer, {TITLES[activation]}", draw(paint, 290), reading)


def _histograms(activation: str, by: dict[str, list[Tensor]]) -> Chart:
    rows = [start for start in by if start != "zero"]
    depth = len(next(iter(by.values())))
    columns = sorted({round(i) for i in np.linspace(0, depth - 1, min(SHOWN, depth))})

    def paint(figure: Figure) -> None:
        grid = figure.subplots(len(rows), len(columns), squeeze=False)
        for row, start in enumerate(rows):
            for column, layer in enumerate(columns):
                _histogram(grid[row, column], by[start][layer].flatten().numpy(), activation, COLOURS[start])
                if not row:
                    grid[row, column].set_title(f"{layer + 1}", loc="center")
            grid[row, 0].set_ylabel(start, rotation=0, ha="right", va="center")

    reading = (
        "A column is a layer, a box runs from −1 to 1. A spike in the middle is a dead signal, two at the ends are "
        "saturation."
        if activation == "tanh"
        else "A column is a layer, a box runs from 0 to 3, without the zeros. A spike at 0 is a dead signal; an empty "
        "box is one that exploded."
    )
    return Chart(f"Where outputs lie, {TITLES[activation]}", draw(paint, 44 * len(rows) + 20), reading)


def _histogram(axes: Axes, values: NDArray[np.float32], activation: str, colour: str) -> None:
    low, high = (-1.0, 1.0) if activation == "tanh" else (0.0, 3.0)
    values = values if activation == "tanh" else values[values > 0]  # ReLU's zeros would tower over the rest
    counts, edges = np.histogram(values, bins=25, range=(low, high))
    axes.bar(edges[:-1], counts / max(1, counts.max()), width=edges[1] - edges[0], align="edge", color=colour)
    axes.set(xlim=(low, high), ylim=(0, 1.05), xticks=[], yticks=[])
    axes.grid(False)


def _table(activation: str, by: dict[str, Statistics]) -> Table:
    fifth = "saturated" if activation == "tanh" else "zero"
    rows = [
        [start, f"{found['deviation'][0]:.2g}", f"{found['deviation'][-1]:.2g}", f"{found[fifth][-1]:.0%}"]
        for start, found in by.items()
    ]
    return Table(
        f"In numbers, {TITLES[activation]}",
        ["start", "first layer", "last layer", f"{fifth}, last layer"],
        rows,
        "Deviation of the outputs, and the share of them that passes no gradient, or hardly any.",
    )
