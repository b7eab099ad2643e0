"""Why not take curvature into account, and jump to the bottom at once?"""

from typing import Annotated, Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.batches import Prepared
from ..engine.objective import Objective
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import pictures

QUICK = {"passes": 6, "dimensions": 5}
GIB = 2**30
ROUNDING = 1e-12
COLOURS = {"gradient descent": ORANGE, "SGD with momentum": BLUE, "L-BFGS": GREEN}


def newton(hessian: Tensor, slope: Tensor) -> Tensor:
    """The step to the bottom of the parabola with this slope and curvature: -H^-1 g. It needs no learning rate."""
    return -torch.linalg.solve(hessian, slope)


def hessian_gib(parameters: float) -> float:
    """Memory of a Hessian in float32: parameters squared, 4 bytes each."""
    return parameters**2 * 4 / GIB


def run(
    dimensions: Annotated[int, Limits(2, 500), About("of the parabola and of the curve that is none")] = 50,
    data: Annotated[str, About("the named set on which a softmax is trained")] = "digits",
    passes: Annotated[int, Limits(2, 2000), About("looks at the whole training part")] = 60,
    weight_decay: Annotated[float, Limits(0.0), About("strength of L2")] = 1e-3,
) -> Exhibit:
    parabola = newton_on_a_parabola(dimensions)
    curve = newton_on_a_curve(dimensions)
    prepared = pictures(data)
    courses = {name: _course(name, prepared, passes, weight_decay) for name in COLOURS}
    n_weights = sum(p.numel() for p in classify.build(prepared, model="linear", arithmetic="float32").parameters())
    level = courses["SGD with momentum"][-1]
    fewest = next((k for k, loss in enumerate(courses["L-BFGS"]) if loss <= level), None)
    ends = ", ".join(f"{losses[-1]:.4f} ({name})" for name, losses in courses.items())
    findings = [
        (
            f"On a parabola in {dimensions} dimensions one Newton step takes the slope from {parabola[0]:.2g} to "
            f"{parabola[1]:.2g}, without any learning rate."
        ),
        f"On a curve that is no parabola it takes {len(curve) - 1} steps to a slope of {curve[-1]:.1g}.",
        (
            f"But the Hessian of 1,000,000 weights takes {hessian_gib(1e6):,.0f} GiB; that of this softmax with its "
            f"{n_weights:,} takes {hessian_gib(n_weights) * 1024:.1f} MiB."
        ),
        f"After {passes} passes over {data} the loss with its penalty is {ends}.",
        f"L-BFGS is as low as SGD after all {passes} passes when it has made {fewest}."
        if fewest is not None
        else f"L-BFGS is not as low as SGD in {passes} passes.",
        "L-BFGS must see the same loss whenever it looks, so it takes the whole set, not batches.",
    ]
    return Exhibit(
        "Second order",
        findings,
        [_slopes(curve, parabola), _losses(courses)],
        data={"newton": {"parabola": parabola, "curve": curve}, "losses": courses},
    )


def newton_on_a_parabola(dimensions: int) -> list[float]:
    """Norm of the slope before and after one step, on 0.5 x^T A x - b^T x with a random positive A."""
    dice = torch.Generator().manual_seed(0)
    root = torch.randn(dimensions, dimensions, generator=dice, dtype=torch.float64)
    hessian = root @ root.T / dimensions + 0.1 * torch.eye(dimensions, dtype=torch.float64)
    bottom = torch.randn(dimensions, generator=dice, dtype=torch.float64)
    x = torch.zeros(dimensions, dtype=torch.float64)
    slope = hessian @ (x - bottom)
    after = hessian @ (x + newton(hessian, slope) - bottom)
    return [float(slope.norm()), float(after.norm())]


def newton_on_a_curve(dimensions: int, most: int = 30) -> list[float]:
    """Norms of the slope on a logistic regression with a small penalty, a step each, until below 1e-12."""
    dice = torch.Generator().manual_seed(1)
    points = torch.randn(20 * dimensions, dimensions, generator=dice, dtype=torch.float64)
    labels = (points[:, 0] + torch.randn(len(points), generator=dice, dtype=torch.float64) > 0).double()
    w, norms = torch.zeros(dimensions, dtype=torch.float64), list[float]()
    while len(norms) < most:
        chance = (points @ w).sigmoid()
        slope = points.T @ (chance - labels) / len(points) + 1e-3 * w
        norms.append(float(slope.norm()))
        if norms[-1] < 1e-12:
            break
        curvature = (points.T * (chance * (1 - chance))) @ points / len(points)
        w = w + newton(curvature + 1e-3 * torch.eye(dimensions, dtype=torch.float64), slope)
    return norms


def _course(name: str, prepared: Prepared, passes: int, weight_decay: float) -> list[float]:
    """Loss on the whole training part, penalty included, after 0, 1, ... looks at all of it."""
    rule: Any = {"L-BFGS": "lbfgs", "gradient descent": "sgd", "SGD with momentum": "momentum"}[name]
    n = len(prepared.split.train)
    chosen: dict[str, Any] = {"sgd": {"batch": n, "lr": 0.3}, "momentum": {"lr": 0.01}}.get(rule, {})
    plain: dict[str, Any] = {"schedule": "constant", "crop": 0, "arithmetic": "float32", "device": "cpu"}
    task = classify.build(
        prepared, model="linear", optimizer=rule, weight_decay=weight_decay, epochs=passes, **plain, **chosen
    )
    (objective,) = task.objectives
    assert isinstance(objective, Objective)
    whole = tuple(torch.cat(column) for column in zip(*prepared.part("train"), strict=True))

    def loss() -> float:
        with torch.no_grad():
            return float(sum(objective.loss(whole).values()) + objective.penalty())

    losses, looks = [loss()], 0.0
    for batch in task.batches():
        objective.improve(batch)
        before, looks = looks, _looks(objective, looks, task.steps_per_epoch)
        losses += [loss()] * (int(looks) - int(before))  # a line search may look more than once
        if looks >= passes:
            return losses[: passes + 1]
    return losses


def _looks(objective: Objective, looks: float, steps_per_epoch: int) -> float:
    """How often the whole training part has been looked at by now."""
    counted = next((state["func_evals"] for state in objective.optimizer.state.values() if "func_evals" in state), None)
    return float(counted) if counted is not None else looks + 1 / steps_per_epoch


def _slopes(curve: list[float], parabola: list[float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(np.maximum(parabola, ROUNDING), "o-", color=ORANGE, label="parabola")
        axes.plot(np.maximum(curve, ROUNDING), "o-", color=BLUE, label="logistic regression")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="Newton steps", ylabel="norm of the slope")
        legend(axes, columns=2)

    reading = "A line that bends downwards is better than exponential: the number of right digits doubles. "
    reading += f"What is below {ROUNDING:g}, where rounding begins, is drawn there."
    return Chart("Newton's steps", draw(paint, 240), reading)


def _losses(courses: dict[str, list[float]]) -> Chart:
    lowest = min(min(losses) for losses in courses.values())

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, losses in courses.items():
            axes.plot(np.array(losses) - lowest + 1e-5, color=COLOURS[name], label=name)
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="passes over the set", ylabel="loss above the lowest seen")
        legend(axes, columns=2)

    return Chart(
        "Softmax on the whole set", draw(paint, 260), "Work is counted in looks at all examples, not in steps."
    )
