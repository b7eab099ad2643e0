"""How should the learning rate change during a run?"""

from typing import Annotated, Any

import numpy as np
from matplotlib.figure import Figure

from ..engine.loop import fit
from ..engine.objective import Objective
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import Losses, pictures, smooth

QUICK = {"epochs": 0.5, "seeds": 1}
COLOURS = {
    "constant": INK,
    "step": BLUE,
    "exponential": GREEN,
    "inverse": PURPLE,
    "cosine": ORANGE,
    "one_cycle": RED,
    "cyclic": MUTED,
}
READ_RATES = "step, exponential and inverse end at the same share; cyclic returns to the top twice."
READ_LOSSES = "A running mean over about ten batches, averaged over the seeds. A high rate keeps the loss shaking."


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    model: Annotated[str, About("the network")] = "mlp",
    optimizer: Annotated[str, About("the update rule; decay is usual with momentum, less so with Adam")] = "nesterov",
    lr: Annotated[float, Limits(1e-6, 10), About("highest rate, the same for all")] = 0.1,
    decay: Annotated[float, Limits(1e-6, 1), About("what is left of it after step, exponential, inverse")] = 0.01,
    epochs: Annotated[float, Limits(0.1, 100), About("passes over the set")] = 4.0,
    seeds: Annotated[int, Limits(1, 20), About("runs of each schedule")] = 3,
) -> Exhibit:
    prepared = pictures(data)
    factors: dict[str, list[float]] = {}
    losses: dict[str, list[float]] = {}
    accuracies: dict[str, list[float]] = {}
    for name in COLOURS:
        seen = []
        for seed in range(seeds):
            words: dict[str, Any] = {"model": model, "optimizer": optimizer, "schedule": name}
            numbers: dict[str, Any] = {"lr": lr, "decay": decay, "epochs": epochs, "seed": seed}
            task = classify.build(prepared, **words, **numbers, arithmetic="float32", device="cpu")
            watch = Losses()
            fit(task, task.steps, [watch])
            seen.append(watch.losses)
            accuracies.setdefault(name, []).append(task.evaluate()["validation_accuracy"])
        (objective,) = task.objectives
        assert isinstance(objective, Objective)
        factors[name] = [lr * objective.schedule(step) for step in range(task.steps)]
        losses[name] = smooth(np.mean(seen, 0).tolist())
    order = sorted(COLOURS, key=lambda name: -float(np.mean(accuracies[name])))
    best, constant = order[0], float(np.mean(accuracies["constant"]))
    gain = 100 * (float(np.mean(accuracies[best])) - constant)
    spread = 100 * float(np.mean([np.std(found) for found in accuracies.values()]))
    findings = [
        f"{best} is best on {data} here, with {np.mean(accuracies[best]):.1%} of validation pictures right.",
        f"That is {gain:.1f} points above a constant rate; runs that differ only in their seed spread by {spread:.1f}.",
        f"The loss of the last batches is lowest with {min(losses, key=lambda name: losses[name][-1])}.",
        "Look at the loss of a constant rate first: where it stops falling is where decay begins to pay.",
    ]
    rows = [
        [name, f"{np.mean(accuracies[name]):.1%}", f"{100 * np.std(accuracies[name]):.1f}", f"{losses[name][-1]:.3f}"]
        for name in order
    ]
    table = Table("By validation accuracy", ["schedule", "mean", "deviation, points", "last loss"], rows)
    return Exhibit(
        "Learning rate schedules",
        findings,
        [
            _lines(factors, "learning rate", False, "The schedules", READ_RATES),
            _lines(losses, "training loss", True, "What they do to the loss", READ_LOSSES),
            _scores(accuracies, order),
        ],
        tables=[table],
        data={"validation_accuracy": accuracies},
    )


def _lines(found: dict[str, list[float]], label: str, log: bool, title: str, reading: str) -> Chart:
    """A line a schedule over the steps."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, values in found.items():
            axes.plot(values, color=COLOURS[name], label=name, linewidth=1.5)
        scale(axes, "x", log=False)
        scale(axes, "y", log)
        axes.set(xlabel="step", ylabel=label)
        legend(axes)

    return Chart(title, draw(paint, 260), reading)


def _scores(accuracies: dict[str, list[float]], order: list[str]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, name in enumerate(order):
            found = accuracies[name]
            axes.plot(found, [-place] * len(found), "o", color=COLOURS[name], ms=5, alpha=0.6, mew=0)
            axes.plot(np.mean(found), -place, "|", color=COLOURS[name], ms=16, mew=2)
        axes.set_yticks([-place for place in range(len(order))], order)
        axes.grid(False)
        axes.grid(axis="x")
        percent(axes, "x")
        axes.set_xlabel("validation accuracy")

    return Chart("What they reach", draw(paint, 230), "Dots are seeds, bars their means.")
