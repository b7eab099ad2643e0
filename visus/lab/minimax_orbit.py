"""Does descent find the end of a game, or go round it for ever?

Two players, one number each: x wants x y small, y wants it large, and where nobody can gain is (0, 0). It is the
smallest game there is between a generator and a critic.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated

from matplotlib.figure import Figure

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

Point = tuple[float, float]
Play = Callable[[Point, Point, float], Point]  # (where they are, where they were, step) -> where they go
WHOLE_ORBIT = 6  # steps of 1 in turn after which both are where they began
QUICK = {"steps": 60}


def in_turn(at: Point, before: Point, step: float) -> Point:
    """y climbs, and x descends by what y has become: how GANs are trained."""
    y = at[1] + step * at[0]
    return at[0] - step * y, y


def at_once(at: Point, before: Point, step: float) -> Point:
    """Both go by where the other was: each step leads further out, by sqrt(1 + step^2)."""
    return at[0] - step * at[1], at[1] + step * at[0]


def looking_ahead(at: Point, before: Point, step: float) -> Point:
    """Each goes by where the other will have gone: the extragradient (Korpelevich, 1976)."""
    x, y = at_once(at, before, step)
    return at[0] - step * y, at[1] + step * x


def optimistic(at: Point, before: Point, step: float) -> Point:
    """Each goes by twice the other's number now less that of before (Daskalakis et al., 2018)."""
    return at[0] - step * (2 * at[1] - before[1]), at[1] + step * (2 * at[0] - before[0])


WAYS: Mapping[str, Play] = {
    "in turn": in_turn,
    "at once": at_once,
    "looking ahead": looking_ahead,
    "optimistic": optimistic,
}
COLOURS = dict(zip(WAYS, (BLUE, ORANGE, GREEN, MUTED), strict=True))
DASHES = dict(zip(WAYS, ("-", "-", "-", "--"), strict=True))  # the last two nearly coincide


def played(way: str, step: float, steps: int, start: Point = (1.0, 1.0)) -> list[Point]:
    """Where (x, y) is before and after each of so many steps: steps + 1 points. way: one of WAYS."""
    found = [start]
    for _ in range(steps):
        before = found[-2] if len(found) > 1 else start
        found.append(WAYS[way](found[-1], before, step))
    return found


def distance(point: Point) -> float:
    """From the only place where neither can gain, (0, 0)."""
    return math.hypot(*point)


def averaged(way: list[Point]) -> list[Point]:
    """The mean of all points so far, at each of them."""
    found, x, y = [], 0.0, 0.0
    for n, point in enumerate(way, 1):
        x, y = x + point[0], y + point[1]
        found.append((x / n, y / n))
    return found


def run(
    step: Annotated[float, Limits(1e-4, 1), About("how far each step goes, of the gradient")] = 0.1,
    steps: Annotated[int, Limits(10, 100_000), About("of each player")] = 400,
) -> Exhibit:
    """Both players descend by their own gradients, in four ways, and by smaller steps, and on average."""
    ways = {way: played(way, step, steps) for way in WAYS}
    orbit = played("in turn", 1.0, WHOLE_ORBIT)
    ends = {way: distance(points[-1]) for way, points in ways.items()}
    smaller = {s: [distance(p) for p in played("in turn", s, round(steps * step / s))] for s in (step, step / 10)}
    mean = averaged(ways["in turn"])
    findings = [
        (
            f"By steps of 1 in turn from (1, 1), both are back at {_said(orbit[-1])} after {WHOLE_ORBIT} steps: they "
            "go round for ever."
        ),
        (
            f"By steps of {step:g} in turn the distance from the middle, {math.sqrt(2):.2f} at first, is still "
            f"{ends['in turn']:.2f} after {steps:,} steps; at once it has grown to {ends['at once']:.3g}."
        ),
        (
            f"Smaller steps do not help: of {step / 10:g}, for as long a way, they stay between "
            f"{min(smaller[step / 10]):.2f} and {max(smaller[step / 10]):.2f} away."
        ),
        (
            f"What helps: the mean of all points in turn is {distance(mean[-1]):.3f} away after {steps:,} steps; "
            f"looking ahead {ends['looking ahead']:.2g}, optimistic {ends['optimistic']:.2g}."
        ),
    ]
    rows = [[str(n), f"{x:g}", f"{y:g}", f"{distance((x, y)):.3f}"] for n, (x, y) in enumerate(orbit)]
    table = Table("In turn, by steps of 1", ["step", "x", "y", "distance"], rows, "y moves first, then x.")
    data = {"orbit": orbit, "ends": ends, "mean": distance(mean[-1])}
    charts = [_ways(ways, mean), _distances(ways, mean)]
    return Exhibit("A game of two numbers", findings, charts, tables=[table], data=data)


def _said(point: Point) -> str:
    return f"({point[0]:g}, {point[1]:g})"


def _ways(ways: dict[str, list[Point]], mean: list[Point]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for way, points in ways.items():
            axes.plot(*zip(*points, strict=True), color=COLOURS[way], linestyle=DASHES[way], label=way, linewidth=1)
        axes.plot(0, 0, "+", color=MUTED, ms=10)
        axes.set(xlabel="x, descends", ylabel="y, climbs", aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
        legend(axes, columns=2)

    reading = "Each from (1, 1). In turn goes round an ellipse, at once spirals out, the other two spiral in."
    return Chart("Where the players go", draw(paint, 380), reading)


def _distances(ways: dict[str, list[Point]], mean: list[Point]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for way, points in ways.items():
            axes.plot(
                [max(distance(p), 1e-6) for p in points],
                color=COLOURS[way],
                linestyle=DASHES[way],
                label=way,
                linewidth=1,
            )
        axes.plot([max(distance(p), 1e-6) for p in mean], color=BLUE, linestyle=":", label="mean of in turn")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="step", ylabel="distance from (0, 0)")
        legend(axes, columns=2)

    return Chart("How far from the end of the game", draw(paint, 260), "Falling lines find it; the others never do.")
