"""How does what a goal is worth spread over a world, and how fast does it come to rest?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure

from ..geometry.decisions import greedy, policy_evaluation, policy_iteration, policy_sweep, value_sweep
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._worlds import known

SHOWN = (1, 2, 4, 8, 16)  # sweeps after which values are drawn
RIGHT = 1e-6  # an error that nobody minds
FLOOR = 1e-14  # below, only rounding is seen
QUICK = {"world": "russell_norvig", "sweeps": 60}


def run(
    world: Annotated[str, About("a map of the grid world, or its rows, S..G/.#.P")] = "room",
    slip: Annotated[float, Limits(0.0, 1.0), About("chance that a step goes aside instead")] = 0.2,
    gamma: Annotated[float, Limits(0.0, 0.999), About("discount of a reward one step later")] = 0.95,
    sweeps: Annotated[int, Limits(2, 10_000), About("over all states")] = 60,
) -> Exhibit:
    """Value iteration and policy iteration on the same map, from values of 0, against the exact solution."""
    found = known(world, slip)
    tables = found.tables
    best = policy_iteration(tables, gamma).values
    by_values, by_policies = [torch.zeros_like(tables.rewards)], [torch.zeros_like(tables.rewards)]
    for _ in range(sweeps):
        by_values.append(value_sweep(tables, by_values[-1], gamma))
        by_policies.append(policy_sweep(tables, by_policies[-1], gamma))
    errors = {
        "value iteration": [_error(q.amax(1), best) for q in by_values],
        "policy iteration": [_error(q.amax(1), best) for q in by_policies],
    }
    acts_best = next(
        n for n, q in enumerate(by_values) if _error(policy_evaluation(tables, greedy(q), gamma), best) < RIGHT
    )
    sinks = [
        after / before
        for before, after in zip(errors["value iteration"], errors["value iteration"][1:], strict=False)
        if before > RIGHT
    ]
    when = {way: next((n for n, error in enumerate(series) if error < RIGHT), None) for way, series in errors.items()}
    findings = [
        (
            f"Each sweep leaves at most {max(sinks):.3f} of the largest error, and on average "
            f"{np.exp(np.mean(np.log(np.maximum(sinks, 1e-12)))):.3f}; the theorem allows {gamma:g}, the discount."
        ),
        f"Value iteration is within a millionth of the best values {_after(when['value iteration'], 'sweeps')}.",
        (
            f"Who acts greedily on its values acts as well as anybody can from sweep {acts_best} on: what is best to "
            "do is known before what it is worth."
        ),
        (
            f"Policy iteration gets there {_after(when['policy iteration'], 'improvements')}, each of which solves a "
            f"linear system of {len(best)} states."
        ),
    ]
    steps = [n for n in SHOWN if n <= sweeps] + [sweeps]
    pictures = np.stack([found.drawn(by_values[n]) for n in steps])
    reading = "A goal's worth moves one cell a sweep. Arrows are the actions that look best, all where all look alike."
    plate = Plate(
        "Values after so many sweeps", pictures, reading, [f"{n} sweep{'s' * (n > 1)}" for n in steps], large=True
    )
    data = {"errors": errors, "sweeps": when, "acts_best": acts_best}
    return Exhibit("Sweeps of value iteration", findings, [_chart(errors, gamma)], [plate], data=data)


def _error(values: torch.Tensor, best: torch.Tensor) -> float:
    return float((values - best).abs().max())


def _after(n: int | None, what: str) -> str:
    return f"after {n} {what}" if n is not None else f"in more than these {what}"


def _chart(errors: dict[str, list[float]], gamma: float) -> Chart:
    first = errors["value iteration"][0]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        bound = [first * gamma**n for n in range(len(errors["value iteration"]))]
        axes.plot([max(e, FLOOR) for e in bound], "--", color=MUTED, label="the discount's bound", linewidth=1)
        for (way, series), colour in zip(errors.items(), (BLUE, ORANGE), strict=True):
            axes.plot([max(e, FLOOR) for e in series], color=colour, label=way)
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="sweeps, or improvements", ylabel="largest error", ylim=(FLOOR, None))
        legend(axes, columns=2)

    reading = "A straight line on this axis is a constant share that is left after each sweep."
    return Chart("How far from the best values", draw(paint, 280), reading)
