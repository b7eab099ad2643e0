"""What goes wrong in Adam without the correction of its start?"""

from typing import Annotated, Any

import torch
from matplotlib.figure import Figure

from ..engine import update_rules
from ..engine.loop import fit
from ..engine.objective import Objective
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import Losses, pictures, smooth

QUICK = {"epochs": 0.5, "steps": 60}
NAMES = {"adam": "with the correction", "adam_without_correction": "without"}
COLOURS = dict(zip(NAMES, (BLUE, ORANGE), strict=True))


class ByRule(torch.optim.Optimizer):
    """Adam by one of the textbook's rules. rule: 'adam' or 'adam_without_correction'."""

    def __init__(self, groups: list[dict[str, Any]], rule: str, beta1: float, beta2: float) -> None:
        super().__init__(groups, {"beta1": beta1, "beta2": beta2})
        self.rule, self.t = rule, 0

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        self.t += 1
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p] or {"m": torch.zeros_like(p), "s": torch.zeros_like(p)}
                settings = {"lr": group["lr"], "beta1": group["beta1"], "beta2": group["beta2"]}
                if self.rule == "adam":
                    moved, m, s = update_rules.adam(p, state["m"], state["s"], p.grad, t=self.t, **settings)
                else:
                    moved, m, s = update_rules.adam_without_correction(p, state["m"], state["s"], p.grad, **settings)
                self.state[p] = {"m": m, "s": s}
                p.copy_(moved)


def step_lengths(rule: str, steps: int, beta1: float, beta2: float) -> list[float]:
    """How far each step goes, in units of the rate, while the gradient stays 1."""
    p = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = ByRule([{"params": [p], "lr": 1.0}], rule, beta1, beta2)
    lengths, before = [], 0.0
    for _ in range(steps):
        p.grad = torch.ones_like(p)
        optimizer.step()
        lengths.append(before - p.item())
        before = p.item()
    return lengths


def run(
    steps: Annotated[int, Limits(2, 100_000), About("steps of the figure with a constant gradient")] = 5000,
    beta1: Annotated[float, Limits(0, 0.9999), About("what is kept of the first moment a step")] = 0.9,
    beta2: Annotated[float, Limits(0.5, 0.99999), About("what is kept of the second moment a step")] = 0.999,
    data: Annotated[str, About("the named set that is learned")] = "digits",
    epochs: Annotated[float, Limits(0.1, 100), About("passes over it")] = 3.0,
    lr: Annotated[float, Limits(1e-6, 10), About("learning rate of both")] = 0.01,
    seed: Annotated[int, Limits(0), About("of weights and order")] = 0,
) -> Exhibit:
    lengths = {rule: step_lengths(rule, steps, beta1, beta2) for rule in NAMES}
    prepared = pictures(data)
    losses, moved = {}, {}
    for rule in NAMES:
        losses[rule], moved[rule] = _learn(rule, prepared, beta1, beta2, lr, epochs, seed)
    wrong = lengths["adam_without_correction"]
    longest = max(range(len(wrong)), key=lambda t: wrong[t])
    settled = next((t + 1 for t, length in enumerate(wrong) if t > longest and length < 1.1), None)
    with_, without = (_worst(losses[rule]) for rule in NAMES)
    late = (
        f"is within a tenth of the rate from step {settled:,} on"
        if settled
        else f"is still above 1.1 at step {steps:,}"
    )
    findings = [
        (
            f"With a constant gradient the first step without the correction is {wrong[0]:.2f} times the rate, "
            f"(1 - beta1) / sqrt(1 - beta2); with it {lengths['adam'][0]:.2f} times."
        ),
        f"Without it the step is longest at step {longest + 1}, {wrong[longest]:.1f} times the rate, and {late}.",
        (
            f"On {data} at a rate of {lr:g} ten steps carry the weights {moved['adam_without_correction']:.1f} far "
            f"without the correction and {moved['adam']:.1f} with it."
        ),
        f"The highest loss of the first 100 batches is {without:.2f} without the correction and {with_:.2f} with it.",
    ]
    return Exhibit(
        "Adam's first steps",
        findings,
        [_lengths(lengths), _losses(losses, data)],
        data={"first": {rule: found[:20] for rule, found in lengths.items()}, "losses": losses},
    )


def _learn(
    rule: str, prepared: Any, beta1: float, beta2: float, lr: float, epochs: float, seed: int
) -> tuple[list[float], float]:
    """The loss of each step, and how far the weights are from their start after ten."""
    task = classify.build(
        prepared, model="mlp", lr=lr, schedule="constant", weight_decay=0.0, crop=0, epochs=epochs, seed=seed,
        arithmetic="float32", device="cpu",
    )  # fmt: skip
    (objective,) = task.objectives
    assert isinstance(objective, Objective)
    objective.optimizer = ByRule(objective.optimizer.param_groups, rule, beta1, beta2)
    start = [p.detach().clone() for p in objective.parameters]
    first, rest = Losses(), Losses()
    fit(task, 10, [first])
    gaps = [(p.detach() - q).flatten() for p, q in zip(objective.parameters, start, strict=True)]
    fit(task, max(11, task.steps), [rest], start=10)
    return first.losses + rest.losses, float(torch.cat(gaps).norm())


def _worst(losses: list[float]) -> float:
    return max(losses[:100])


def _lengths(lengths: dict[str, list[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for rule, found in lengths.items():
            axes.plot(range(1, len(found) + 1), found, color=COLOURS[rule], label=NAMES[rule])
        scale(axes, "x", log=True)
        scale(axes, "y", log=False)
        axes.set_ylim(bottom=0)
        axes.set(xlabel="step", ylabel="length, in rates")
        legend(axes)

    reading = "The second moment starts at 0 and fills slowly; the root of it is what a step is divided by."
    return Chart("Length of a step, gradient 1", draw(paint, 230), reading)


def _losses(losses: dict[str, list[float]], data: str) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for rule, found in losses.items():
            axes.plot(range(1, len(found) + 1), smooth(found, 0.7), color=COLOURS[rule], label=NAMES[rule])
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="step", ylabel="training loss")
        legend(axes)

    return Chart(f"Loss on {data}", draw(paint, 230), "A running mean over about three batches.")
