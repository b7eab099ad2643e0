"""Predict a number, or choose among bins of it?"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from ..engine import optimizers, schedules
from ..engine.loop import fit
from ..models.classifiers import mlp
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ..tasks.regress import Regress
from ._exhibit import Exhibit, Table
from ._plane import Plane

COLOURS = {"L2": ORANGE, "L1": GREEN, "bins": BLUE}
FAR, WRONG = 12.0, 2.0  # how far off wrong points lie, and the deviation of that
LR = 0.01
QUICK = {"steps": 20, "n": 60}
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Points:
    """x and y (n,), the curve at x, and which points lie far above it."""

    x: Numbers
    y: Numbers
    curve: Numbers
    odd: NDArray[np.bool_]


def points(n: int, share: float, spread: float, seed: int) -> Points:
    """A curve with a little noise; a share of the points lies far above it, with a deviation of `spread`."""
    random = np.random.default_rng(seed)
    x = np.sort(random.uniform(-3, 3, n)).astype(np.float32)
    curve = (2 * np.sin(1.5 * x) + 0.3 * x).astype(np.float32)
    odd = random.random(n) < share
    y = curve + 0.2 * random.standard_normal(n) + odd * random.normal(FAR, spread, n)
    return Points(x, y.astype(np.float32), curve, odd)


def run(
    n: Annotated[int, Limits(20, 20_000), About("points")] = 400,
    outliers: Annotated[float, Limits(0.0, 0.45), About("share of points that were measured wrongly")] = 0.1,
    bins: Annotated[int, Limits(2, 500), About("bins, of equal width")] = 40,
    hidden: Annotated[int, Limits(1, 1000), About("hidden units of each of two layers")] = 64,
    steps: Annotated[int, Limits(1), About("steps of Adam on all points")] = 800,
    seed: Annotated[int, Limits(0), About("of points and first weights")] = 0,
) -> Exhibit:
    wrong, either = points(n, outliers, WRONG, seed), points(n, 0.5, 0.0, seed)
    lines = {
        name: {
            "L2": regressed(seen, "l2", hidden, steps, seed),
            "L1": regressed(seen, "l1", hidden, steps, seed),
            "bins": binned(seen, bins, hidden, steps, seed),
        }
        for name, seen in (("outliers", wrong), ("two answers", either))
    }
    off = {loss: float((line - wrong.curve).mean()) for loss, line in lines["outliers"].items()}
    errors = {loss: float(np.abs(line - wrong.curve).mean()) for loss, line in lines["outliers"].items()}
    misses = {loss: float(_to_nearest(line, either.curve).mean()) for loss, line in lines["two answers"].items()}
    width = np.diff(_edges(wrong.y, bins))[0]
    findings = [
        f"{int(wrong.odd.sum())} of {n} points were measured wrongly. Mean distance from the curve: {_listed(errors)}.",
        (
            f"L2 lies {off['L2']:+.2f} off on average, since its pull grows with the distance of a point; L1 "
            f"{off['L1']:+.2f}, since its pull is always the same; the likeliest of {bins} bins {off['bins']:+.2f}."
        ),
        (
            f"Where every second point belongs to a second curve {FAR:g} higher, the mean distance from the nearer one "
            f"is: {_listed(misses)}."
        ),
        (
            f"Closest among outliers is {min(errors, key=errors.__getitem__)}, between two answers "
            f"{min(misses, key=misses.__getitem__)}: a number has to settle in between, a bin is one of the answers."
        ),
        f"A bin says nothing finer than its width, here {width:.2f}; finer bins need more points.",
    ]
    rows = [[loss, f"{errors[loss]:.3f}", f"{off[loss]:+.3f}", f"{misses[loss]:.3f}"] for loss in errors]
    headings = ["loss", "outliers: distance", "outliers: offset", "two answers: distance"]
    charts = [
        _chart("A share of the points is wrong", wrong, lines["outliers"]),
        _chart("Two answers are right", either, lines["two answers"]),
    ]
    numbers = {"errors": errors, "offsets": off, "between_two_answers": misses}
    return Exhibit("Numbers or bins", findings, charts, tables=[Table("Means", headings, rows)], data=numbers)


def regressed(seen: Points, loss: str, hidden: int, steps: int, seed: int) -> Numbers:
    """What a net that regresses says at each x."""
    inputs = torch.from_numpy(seen.x)[:, None, None, None]
    held = inputs, seen.y
    net = _net(1, hidden, seed)
    rule = optimizers.NAMED["adam"]
    falling = schedules.cosine(steps)
    n = len(seen.x)
    task = Regress(net, inputs, seen.y, rule, held_out=held, loss=loss, lr=LR, schedule=falling, batch=n)  # type: ignore[arg-type]
    fit(task, steps)
    found: Numbers = task.predict(inputs)[:, 0].numpy()
    return found


def binned(seen: Points, bins: int, hidden: int, steps: int, seed: int) -> Numbers:
    """The middle of the bin that the same net, as a classifier, finds likeliest at each x."""
    edges = _edges(seen.y, bins)
    labels = np.clip(np.searchsorted(edges, seen.y) - 1, 0, bins - 1)
    task = Plane(_net(bins, hidden, seed), seen.x[:, None], labels, "adam", LR, 0.0)
    task.objectives[0].schedule = schedules.cosine(steps)  # type: ignore[union-attr]
    fit(task, steps)
    with torch.no_grad():
        chosen = task.network(torch.from_numpy(seen.x)[:, None, None, None]).argmax(1).numpy()
    middles = (edges[:-1] + edges[1:]) / 2
    found: Numbers = middles[chosen].astype(np.float32)
    return found


def _to_nearest(line: Numbers, curve: Numbers) -> Numbers:
    """Distance of each prediction from the curve, or from the other one above it."""
    return np.minimum(np.abs(line - curve), np.abs(line - curve - np.float32(FAR)))


def _listed(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {figure:.2f}" for name, figure in figures.items())


def _edges(y: Numbers, bins: int) -> NDArray[np.float64]:
    return np.linspace(float(y.min()), float(y.max()), bins + 1)


def _net(n_out: int, hidden: int, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return mlp.build((1, 1, 1), n_out, hidden, layers=3)


def _chart(title: str, seen: Points, fitted: dict[str, Numbers]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(seen.x, seen.y, ".", color=MUTED, ms=3, alpha=0.6)
        for name, line in fitted.items():
            style = {"ls": "", "marker": "o", "ms": 2.2} if name == "bins" else {"lw": 1.4}  # an answer may jump
            axes.plot(seen.x, line, color=COLOURS[name], label=name, **style)
        axes.set(xlabel="x", ylabel="y")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        legend(axes)

    reading = "Dots: the points. A prediction is good where it runs through a cloud of them, not between two clouds."
    return Chart(title, draw(paint, 260), reading)
