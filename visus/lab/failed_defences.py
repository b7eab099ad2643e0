"""Which defences against adversarial examples fail, and how does one see that they do?"""

from typing import Annotated, Any

import numpy as np
import torch
from matplotlib.figure import Figure

from ..attacks._contract import Scores, UnitPixels
from ..data.batches import Prepared
from ..data.prepare import prepare
from ..engine.loop import fit
from ..engine.objective import Batch, Objective, Terms
from ..losses.cross_entropy import cross_entropy
from ..losses.distillation import soft_cross_entropy
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, RED, draw, legend, percent
from ..report.figures.chart import Chart
from ..tasks.adversary import Adversary
from ..tasks.classify import Classify
from ._exhibit import Exhibit
from ._under_attack import held_out, standing, table

FOLLOWED = "pgd:aim=margin:steps=40"
HIDDEN = 0.1  # more than this between two attacks of one size, and the weaker was misled
HOWS = ("noise", "fgsm", "pgd", FOLLOWED)
PLAIN: dict[str, Any] = {
    "model": "mlp",
    "hidden": 128,
    "optimizer": "adam",
    "lr": 3e-3,
    "schedule": "constant",
    "weight_decay": 0.0,
    "crop": 0,
    "arithmetic": "float32",
    "device": "cpu",
}
QUICK = {"train": 200, "epochs": 2.0, "held": 40, "members": 2}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    epsilon: Annotated[float, Limits(0.001, 0.5), About("largest change of a value")] = 0.15,
    train: Annotated[int, Limits(20), About("training pictures")] = 1000,
    epochs: Annotated[float, Limits(0.01), About("passes over them")] = 20.0,
    members: Annotated[int, Limits(2, 20), About("networks of the ensemble")] = 5,
    temperature: Annotated[float, Limits(1.0), About("of defensive distillation")] = 40.0,
    held: Annotated[int, Limits(20), About("held-out pictures that are attacked")] = 300,
) -> Exhibit:
    prepared = prepare(data).limited(train)
    pixels, labels = held_out(prepared, held)
    usual: dict[str, Any] = {"epochs": epochs}
    nets = [_trained(prepared, seed=seed, **usual) for seed in range(members)]
    defences: dict[str, Scores] = {
        "none": nets[0],
        "weight decay": _trained(prepared, weight_decay=1e-2, **usual | {"optimizer": "adamw"}),
        "dropout": _trained(prepared, dropout=0.5, **usual),
        "noise in training": _trained(prepared, against=Adversary("noise", epsilon), **usual),
        f"ensemble of {members}": Together(nets),
        "distillation": _distilled(prepared, temperature, usual),
        "against pgd": _trained(prepared, against=Adversary("pgd", epsilon), **usual),
    }
    rows = {name: standing(network, pixels, labels, epsilon, HOWS) for name, network in defences.items()}
    reading = (
        f"Per cent right of {len(labels)} held-out pictures, epsilon {epsilon:g}. The last column follows the margin "
        "between scores, whose gradient does not vanish where a softmax is sure of itself."
    )
    return Exhibit(
        "Defences that fail",
        _findings(rows, temperature),
        [_chart(rows)],
        tables=[table("Each defence under each attack", "defence", rows, reading)],
        data={"rows": rows},
    )


class Together(torch.nn.Module):
    """Several networks: the logarithm of their mean probabilities (B, K)."""

    def __init__(self, members: list[UnitPixels]) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logs = torch.stack([member(pixels).log_softmax(1) for member in self.members])
        return logs.logsumexp(0) - float(np.log(len(self.members)))


def _task(prepared: Prepared, **settings: Any) -> Classify:
    task = classify.build(prepared, **{**PLAIN, **settings})
    assert isinstance(task, Classify)
    return task


def _trained(prepared: Prepared, against: Adversary | None = None, **settings: Any) -> UnitPixels:
    task = _task(prepared, **settings)
    task.adversary = against
    fit(task, task.steps)
    return UnitPixels(task.model.eval())


def _distilled(prepared: Prepared, temperature: float, settings: dict[str, Any]) -> UnitPixels:
    """A network that learned another's softmax at a temperature, and is then asked at 1 (Papernot et al., 2016)."""
    teacher, pupil = _task(prepared, **settings), _task(prepared, seed=1, **settings)
    teacher.loss = lambda scores, labels: cross_entropy(scores / temperature, labels)
    fit(teacher, teacher.steps)

    def follow(batch: Batch) -> Terms:
        images = batch[0]
        truth = (teacher.scores(images) / temperature).softmax(1)
        return {"distillation": soft_cross_entropy(pupil.model(images), truth, temperature)}

    (objective,) = pupil.objectives
    assert isinstance(objective, Objective)
    objective.loss = follow
    fit(pupil, pupil.steps)
    return UnitPixels(pupil.model.eval())


def _findings(rows: dict[str, dict[str, float]], temperature: float) -> list[str]:
    cheap = [name for name in rows if name not in ("none", "distillation", "against pgd")]
    left = {name: min(rows[name]["pgd"], rows[name][FOLLOWED]) for name in rows}
    best = max(cheap, key=left.__getitem__)
    hard = rows["against pgd"]
    return [
        (
            f"Without a defence {rows['none']['clean']:.1%} are right, under pgd {left['none']:.1%}; random noise of "
            f"the same size leaves {rows['none']['noise']:.1%}."
        ),
        f"Of weight decay, dropout, noise and the ensemble the best is {best}: {left[best]:.1%} under attack.",
        _of_distillation(rows["distillation"], temperature),
        (
            f"Training against pgd leaves {left['against pgd']:.1%} under the same attacks, and {hard['clean']:.1%} "
            "of the unchanged pictures."
        ),
    ]


def _of_distillation(left: dict[str, float], temperature: float) -> str:
    seen = (
        f"Distillation at temperature {temperature:g} leaves {left['fgsm']:.1%} under fgsm, {left['pgd']:.1%} under pgd"
    )
    if left["pgd"] - left[FOLLOWED] < HIDDEN:
        return f"{seen}, and {left[FOLLOWED]:.1%} under an attack that follows the margin."
    return (
        f"{seen}, but an attack that follows the margin leaves {left[FOLLOWED]:.1%}: scores so large that the "
        "softmax's gradient is 0 hide the way, they do not close it."
    )


def _chart(rows: dict[str, dict[str, float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        y = np.arange(len(rows))[::-1]
        looks = {"clean": (MUTED, "|"), "fgsm": (BLUE, "o"), "pgd": (ORANGE, "s"), FOLLOWED: (RED, "D")}
        for name, (colour, marker) in looks.items():
            label = "pgd, margin" if name == FOLLOWED else name
            axes.plot([row[name] for row in rows.values()], y, marker, color=colour, ms=7, label=label, linestyle="")
        axes.set_yticks(y, list(rows))
        axes.set_xlim(-0.02, 1.02)
        axes.grid(visible=True, axis="x")
        percent(axes, "x")
        legend(axes, columns=4)

    reading = "Right of the held-out pictures: a defence is as good as its leftmost mark."
    return Chart("Accuracy under each attack", draw(paint, 270), reading)
