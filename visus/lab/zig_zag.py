"""Why does gradient descent zig-zag down a narrow valley, and what does momentum change?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure

from ..engine import update_rules
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GRID, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit

QUICK = {"condition": 10.0}
CONDITIONS = (1, 3, 10, 30, 100, 300, 1000)
NEAR = 1e-6  # of the height at the start
MOST = 200_000
SHOWN = 25  # steps that are drawn


def plain(condition: float) -> tuple[float, float]:
    """The best (lr, mu) of descent without momentum: both directions shrink at the same pace."""
    return 2 / (1 + condition), 0.0


def with_momentum(condition: float) -> tuple[float, float]:
    """The best (lr, mu) of momentum on a quadratic. Source: Polyak, 1964."""
    root = condition**0.5
    return 4 / (root + 1) ** 2, ((root - 1) / (root + 1)) ** 2


def descend(condition: float, lr: float, mu: float, most: int = MOST) -> list[tuple[float, float]]:
    """Places on (x^2 + condition y^2) / 2, both terms equal at the start, until near the bottom or `most` steps."""
    curvature = torch.tensor([1.0, condition], dtype=torch.float64)
    place = torch.tensor([1.0, condition**-0.5], dtype=torch.float64)
    velocity, places = torch.zeros(2, dtype=torch.float64), [(1.0, condition**-0.5)]
    begun = _height(places[0], condition)
    while _height(places[-1], condition) > NEAR * begun and len(places) <= most:
        place, velocity = update_rules.momentum(place, velocity, curvature * place, lr, mu)
        places.append((float(place[0]), float(place[1])))
    return places


def run(
    condition: Annotated[
        float, Limits(1, 10_000), About("of the valley that is drawn: steepness across over along")
    ] = 30.0,
) -> Exhibit:
    needed = {
        name: [len(descend(k, *best(k))) - 1 for k in CONDITIONS]
        for name, best in (("descent", plain), ("momentum", with_momentum))
    }
    paths = {
        "descent": descend(condition, *plain(condition)),
        "momentum": descend(condition, *with_momentum(condition)),
    }
    turns = {name: _turns(path) for name, path in paths.items()}
    left = {name: abs(path[min(SHOWN, len(path) - 1)][0]) for name, path in paths.items()}
    growth = {name: np.polyfit(np.log(CONDITIONS[2:]), np.log(steps[2:]), 1)[0] for name, steps in needed.items()}
    both = {name: len(path) - 1 for name, path in paths.items()}
    findings = [
        (
            f"Condition number {condition:g}: to a millionth of the height descent takes {both['descent']} steps, "
            f"momentum {both['momentum']}, each with its best rate."
        ),
        (
            f"In {SHOWN} steps descent changes sides {turns['descent']} times and still has {left['descent']:.1%} "
            "of the way along the valley to go: the gradient points across it, hardly along."
        ),
        f"Momentum, which adds up what the steps agree on, has {left['momentum']:.1%} to go by then.",
        (
            f"Steps grow as the condition number to the power {growth['descent']:.2f}, with momentum "
            f"{growth['momentum']:.2f}; theory says 1 and 1/2."
        ),
        f"At condition number {CONDITIONS[-1]}: {needed['descent'][-1]:,} steps against {needed['momentum'][-1]:,}.",
    ]
    return Exhibit(
        "A narrow valley",
        findings,
        [_walks(paths, condition), _growth(needed)],
        data={"condition": list(CONDITIONS), "steps": needed},
    )


def _height(place: tuple[float, float], condition: float) -> float:
    return 0.5 * (place[0] ** 2 + condition * place[1] ** 2)


def _turns(path: list[tuple[float, float]]) -> int:
    across = np.sign([y for _, y in path[: SHOWN + 1]])
    return int((across[1:] != across[:-1]).sum())


def _walks(paths: dict[str, list[tuple[float, float]]], condition: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        far = 1.1 * max(abs(y) for path in paths.values() for _, y in path[: SHOWN + 1])
        x, y = np.meshgrid(np.linspace(-0.5, 1.1, 100), np.linspace(-far, far, 100))
        axes.contour(x, y, 0.5 * (x**2 + condition * y**2), levels=10, colors=[GRID], linewidths=0.9)
        for (name, path), colour in zip(paths.items(), (BLUE, ORANGE), strict=True):
            axes.plot(*np.array(path[: SHOWN + 1]).T, "o-", color=colour, ms=3, linewidth=1.2, label=name)
        axes.plot(0, 0, "*", color=MUTED, ms=11)
        axes.set(xlim=(-0.5, 1.1), ylim=(-far, far), xlabel="along the valley", ylabel="across")
        axes.grid(False)
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        legend(axes)

    return Chart(
        f"The first {SHOWN} steps",
        draw(paint, 260),
        "From the upper right to the star, each with its best rate and momentum.",
    )


def _growth(needed: dict[str, list[int]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, steps), colour in zip(needed.items(), (BLUE, ORANGE), strict=True):
            axes.plot(CONDITIONS, steps, "o-", color=colour, label=name)
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        axes.set(xlabel="condition number", ylabel="steps")
        legend(axes)

    reading = "Both axes are logarithmic: a line twice as steep is the square of the other."
    return Chart("Steps to a millionth of the height", draw(paint, 260), reading)
