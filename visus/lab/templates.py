"""What does a linear classifier look for?"""

from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..data.batches import Prepared
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._learn import Learnt, learn, pictures
from ._pictures import shown, stretched

LOSSES = {"Softmax": "cross_entropy", "SVM": "hinge"}
SOME = 500  # pictures with which the bias trick is tried
QUICK = {"epochs": 2.0, "train": 300}


def run(
    data: Annotated[str, About("a named set: digits, mnist, fashion-mnist, cifar10, cifar10-course")] = "digits",
    train: Annotated[int, Limits(0), About("training pictures, 0 for all")] = 5000,
    epochs: Annotated[float, Limits(0.01), About("passes over them")] = 20.0,
    lr: Annotated[float, Limits(1e-12), About("learning rate of Adam")] = 3e-3,
    weight_decay: Annotated[float, Limits(0.0), About("strength of L2; more makes templates smoother")] = 1e-2,
    seed: Annotated[int, Limits(0), About("of the order of the pictures")] = 0,
) -> Exhibit:
    prepared = pictures(data, train)
    settings = {"model": "linear", "optimizer": "adam", "lr": lr, "weight_decay": weight_decay, "epochs": epochs}
    learnt = {name: learn(prepared, loss=loss, seed=seed, **settings) for name, loss in LOSSES.items()}
    rows = {name: _templates(one) for name, one in learnt.items()}
    accuracies = {name: one.task.evaluate()["validation_accuracy"] for name, one in learnt.items()}
    means = _class_means(prepared, learnt["Softmax"])
    likeness = {name: _correlation(row, means) for name, row in rows.items()}
    classes = list(prepared.collection.classes)
    least = int(likeness["Softmax"].argmin())
    findings = [
        f"{name}: {accuracies[name]:.1%} of the validation pictures right with {rows[name].shape[1]:,} weights a class."
        for name in LOSSES
    ]
    findings += [
        (
            "A softmax template against what sets its class's mean picture apart: correlation "
            f"{likeness['Softmax'].mean():.2f} on average, {likeness['Softmax'][least]:.2f} for class {classes[least]}."
        ),
        (
            "Templates of softmax and SVM of the same class: correlation "
            f"{_correlation(rows['Softmax'], rows['SVM']).mean():.2f} on average."
        ),
        (
            "The bias trick, a 1 appended to every picture and the bias to its class's weights, moves no score by more "
            f"than {_bias_trick(prepared, learnt['Softmax']):.1g}."
        ),
        "One template a class is all there is: a class that looks two ways gets the average of both.",
    ]
    reading = "Above grey: brightness here speaks for the class. Below grey: it speaks against it."
    plates = [
        Plate(f"Templates of the {name}", shown(stretched(row.view(-1, *prepared.image))), reading, classes)
        for name, row in rows.items()
    ]
    numbers = {"accuracy": accuracies, "likeness": {name: row.tolist() for name, row in likeness.items()}}
    return Exhibit("One template a class", findings, [_likeness(likeness, classes)], plates, data=numbers)


def _templates(learnt: Learnt) -> Tensor:
    """Rows of W, (K, D)."""
    layer = learnt.layers[-1]
    assert isinstance(layer, nn.Linear)
    return layer.weight.detach()


def _seen(learnt: Learnt, images: Tensor) -> Tensor:
    """Pictures as the linear layer sees them: standardised, (B, D)."""
    seen: Tensor = learnt.task.model.get_submodule("standardise")(images)
    return seen.flatten(1)


def _class_means(prepared: Prepared, learnt: Learnt) -> Tensor:
    """What sets each class's mean picture apart from the mean of all: (K, D)."""
    batches = list(prepared.part("train"))
    seen, labels = torch.cat([_seen(learnt, images) for images, _ in batches]), torch.cat([y for _, y in batches])
    found = [seen[labels == label].mean(0) for label in range(prepared.n_classes)]
    return torch.stack(found) - seen.mean(0)


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    """Of each row with its partner: (K, D), (K, D) -> (K,), in [-1, 1]."""
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-12)


@torch.no_grad()
def _bias_trick(prepared: Prepared, learnt: Learnt) -> float:
    """The largest change of a score when the bias becomes one more weight."""
    layer = learnt.layers[-1]
    assert isinstance(layer, nn.Linear)
    x = _seen(learnt, next(prepared.part("validation", SOME))[0])
    longer = torch.cat([x, torch.ones(len(x), 1)], 1)
    weights = torch.cat([layer.weight, layer.bias[:, None]], 1)
    return float((longer @ weights.T - layer(x)).abs().max())


def _likeness(likeness: dict[str, Tensor], classes: list[str]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, row), colour, mark in zip(likeness.items(), (BLUE, ORANGE), "o^", strict=True):
            axes.plot(row.tolist(), range(len(classes)), mark, color=colour, label=name)
        axes.set_yticks(range(len(classes)), classes)
        axes.invert_yaxis()
        axes.set_xlabel("correlation")
        scale(axes, "x", log=False)
        legend(axes)

    reading = "With a class's mean picture less the mean of all. To the right: the template looks like that."
    return Chart("Templates against mean pictures", draw(paint, 90 + 17 * len(classes)), reading)
