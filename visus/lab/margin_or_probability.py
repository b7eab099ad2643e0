"""When is a classifier satisfied: at a margin, or never?"""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..engine.loop import Observer, fit
from ..engine.task import Task
from ..losses.cross_entropy import cross_entropy
from ..losses.hinge import multiclass_hinge
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ..tasks.classify import Classification
from ._exhibit import Exhibit, Table
from ._learn import pictures

FAR, NEAR = (10.0, -100.0, -100.0), (10.0, 9.0, 9.0)  # scores of a true class, here the first, and two wrong ones
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"SVM": multiclass_hinge, "softmax": cross_entropy}
QUICK = {"epochs": 1.0}
ASKED = 500  # training pictures that are asked whether they still pull


def run(
    data: Annotated[str, About("the named set that a linear model learns")] = "digits",
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over it")] = 20.0,
    lr: Annotated[float, Limits(1e-6, 10), About("learning rate")] = 0.01,
    seed: Annotated[int, Limits(0), About("of the shuffling")] = 0,
) -> Exhibit:
    pulls = {
        "SVM": _pulling(data, "hinge", epochs, lr, seed),
        "softmax": _pulling(data, "cross_entropy", epochs, lr, seed),
    }
    far, near = ({name: _loss(name, scores) for name in LOSSES} for scores in (FAR, NEAR))
    first, last = ({name: curve[i] for name, curve in pulls.items()} for i in (0, -1))
    findings = [
        (
            f"Scores (10, −100, −100) and (10, 9, 9) with the first class true: the SVM loses {far['SVM']:g} and "
            f"{near['SVM']:g}, softmax {far['softmax']:.3g} and {near['softmax']:.3f}. The nearer pair costs softmax "
            "more."
        ),
        (
            f"Training a linear model on {data}: the share of pictures that still pull at the weights goes from "
            f"{first['SVM']:.0%} to {last['SVM']:.0%} with the SVM and from {first['softmax']:.0%} to "
            f"{last['softmax']:.0%} with softmax, in {epochs:g} epochs."
        ),
        "The SVM lets go of what is right by its margin and spends itself on the rest; softmax always wants more.",
    ]
    rows = [
        [str(tuple(int(s) for s in scores)).replace("-", "−"), f"{loss['SVM']:g}", f"{loss['softmax']:.4f}"]
        for scores, loss in ((FAR, far), (NEAR, near))
    ]
    tables = [Table("Two examples, both right", ["scores, true class first", "SVM", "softmax"], rows)]
    charts = [_slide(), _course(pulls)]
    return Exhibit("Margin or probability", findings, charts, tables=tables, data={"pulling": pulls})


def _loss(name: str, scores: tuple[float, ...]) -> float:
    return float(LOSSES[name](torch.tensor([scores]), torch.tensor([0])))


def _slide() -> Chart:
    """Both losses while the true class's score rises past two others that stay at 9."""
    true = np.linspace(4, 16, 121)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, colour in (("SVM", BLUE), ("softmax", ORANGE)):
            axes.plot(true, [_loss(name, (float(s), 9.0, 9.0)) for s in true], color=colour, label=name)
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        axes.set(xlabel="score of the true class; two wrong ones stay at 9", ylabel="loss")
        legend(axes)

    reading = "From 10 on, a margin of 1, the SVM's loss is exactly 0; softmax falls for ever and never arrives."
    return Chart("The true class rises past the others", draw(paint, 230), reading)


def _course(pulls: dict[str, list[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, curve), colour in zip(pulls.items(), (BLUE, ORANGE), strict=True):
            axes.plot(curve, color=colour, label=name)
        percent(axes, "y")
        scale(axes, "x", log=False)
        axes.set(xlabel="epoch", ylabel="pictures that still pull", ylim=(0, 1.05))
        legend(axes)

    reading = "A picture pulls while its loss has a gradient. The SVM's line falls as margins are met; softmax's stays."
    return Chart("Who still teaches the weights", draw(paint, 230), reading)


class _Ask(Observer):
    """After each epoch: the share of pictures whose loss has a gradient."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    def before_fit(self, task: Task, start: int) -> None:
        self._ask(task)

    def after_step(self, step: int, task: Task) -> None:
        if (step + 1) % task.steps_per_epoch == 0 or step + 1 == task.steps:
            self._ask(task)

    def _ask(self, task: Task) -> None:
        assert isinstance(task, Classification)
        scores, labels = task.score_part("train", ASKED)
        self.shares.append(pulling(task, scores, labels))


def pulling(task: Classification, scores: Tensor, labels: Tensor) -> float:
    """The share of examples, scores (N, K) and labels (N,), at which the task's loss has a gradient."""
    scores = scores.double().requires_grad_()
    task.loss(scores, labels).backward()
    assert scores.grad is not None
    return float((scores.grad != 0).any(1).double().mean())


def _pulling(data: str, loss: Literal["hinge", "cross_entropy"], epochs: float, lr: float, seed: int) -> list[float]:
    ask = _Ask()
    task = classify.build(
        pictures(data),
        model="linear",
        loss=loss,
        optimizer="adam",
        lr=lr,
        weight_decay=0.0,
        schedule="constant",
        epochs=epochs,
        crop=0,
        arithmetic="float32",
        device="cpu",
        seed=seed,
    )
    fit(task, task.steps, [ask])
    return ask.shares
