"""Why may units be dropped while training, and all of them be used afterwards?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..layers.dropconnect import DropConnectLinear
from ..layers.dropout import InvertedDropout, VanillaDropout
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import Learnt, learn, pictures

DRAWS = 20_000  # thinned layers whose outputs are averaged
SHARES = (0.0, 0.25, 0.5, 0.75)
FORMS = ("inverted", "vanilla", "dropconnect")
COLOURS = dict(zip(FORMS, (BLUE, ORANGE, GREEN), strict=True))
THINNED = (1, 3, 10, 30, 100, 300)  # thinned networks whose predictions are averaged
QUICK = {"epochs": 1.0, "train": 60, "seeds": 1}


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    train: Annotated[
        int, Limits(0), About("training pictures, few so that there is something to overfit; 0: all")
    ] = 150,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over them")] = 60.0,
    hidden: Annotated[int, Limits(1), About("units in each of two hidden layers")] = 128,
    p: Annotated[float, Limits(0.01, 0.95), About("probability to drop, in the table and the average")] = 0.2,
    seeds: Annotated[int, Limits(1, 100), About("trainings of each kind")] = 2,
) -> Exhibit:
    prepared = pictures(data, train)

    def taught(share: float, drop: str, seed: int) -> Learnt:
        return learn(prepared, hidden=hidden, layers=3, dropout=share, drop=drop, optimizer="adam", lr=1e-3,
                     epochs=epochs, batch=50, seed=seed)  # fmt: skip

    def scored(share: float, drop: str) -> list[float]:
        return [taught(share, drop, seed).task.evaluate()["validation_accuracy"] for seed in range(seeds)]

    without = scored(0.0, "inverted")
    accuracies = {drop: [without, *(scored(share, drop) for share in SHARES[1:])] for drop in FORMS}
    units = expectations(p)
    distances = _to_the_average(taught(p, "inverted", 0))
    means = {drop: [float(np.mean(a)) for a in found] for drop, found in accuracies.items()}
    findings = [
        f"A layer whose output is 1, with {p:.0%} dropped: on average over {DRAWS:,} draws "
        + ", ".join(
            f"{form} gives {seen:.3f} in training and {used:.3f} in use" for form, (seen, used) in units.items()
        )
        + ".",
        (
            f"Vanilla dropout times the probability to drop, as some notes print, would give {p:.3f} in use, not "
            f"{1 - p:.3f}: "
            "it is the share that is kept that counts."
        ),
        (
            f"Averaging the predictions of {THINNED[-1]} thinned networks comes within {distances[-1]:.3f} of the "
            "whole "
            f"network's single answer, a single one within {distances[0]:.3f} (mean distance of a probability)."
        ),
        *(_effect(drop, means[drop], found) for drop, found in accuracies.items()),
    ]
    rows = [[form, f"{seen:.4f}", f"{used:.4f}"] for form, (seen, used) in units.items()]
    title = f"Expected output, {p:.0%} dropped"
    tables = [Table(title, ["form", "training, mean", "use"], rows, "Without dropout the output is 1.")]
    charts = [_by_share(accuracies), _averages(distances)]
    return Exhibit("Dropout", findings, charts, tables=tables,
                   data={"units": units, "validation_accuracy": accuracies, "distances": distances})  # fmt: skip


def expectations(p: float) -> dict[str, tuple[float, float]]:
    """For each form: the mean output over many draws in training, and the output in use, where it would be 1."""
    torch.manual_seed(0)
    layers: dict[str, nn.Module] = {"inverted": InvertedDropout(p), "vanilla": VanillaDropout(p)}
    ones = torch.ones(DRAWS, 1)
    found = {name: (float(layer.train()(ones).mean()), float(layer.eval()(ones[:1]))) for name, layer in layers.items()}
    connect = DropConnectLinear(DRAWS, 1, p, bias=False).requires_grad_(False)
    connect.weight.fill_(1 / DRAWS)  # the mean of many weights, each dropped by itself
    found["dropconnect"] = (float(connect.train()(ones.T)), float(connect.eval()(ones.T)))
    return found


@torch.no_grad()
def _to_the_average(learnt: Learnt) -> list[float]:
    """Distance between the whole network's probabilities and the average of n thinned networks', for n in THINNED."""
    model, (images, _) = learnt.task.model, next(iter(learnt.task.data.part("validation", 100)))
    whole: Tensor = model.eval()(images).softmax(1)
    torch.manual_seed(0)
    thinned = torch.stack([model.train()(images).softmax(1) for _ in range(THINNED[-1])])
    return [float((thinned[:n].mean(0) - whole).abs().mean()) for n in THINNED]


def _effect(drop: str, means: list[float], accuracies: list[list[float]]) -> str:
    best = int(np.argmax(means))
    gain, spread = 100 * (means[best] - means[0]), max(max(a) - min(a) for a in (accuracies[0], accuracies[best]))
    if best == 0:
        return f"{drop}: no share helped here; validation accuracy is {means[0]:.1%} without."
    compared = (
        f"; trainings with other seeds differ by up to {100 * spread:.1f} points" if len(accuracies[0]) > 1 else ""
    )
    return (
        f"{drop}: validation accuracy {means[0]:.1%} without, {means[best]:.1%} with {SHARES[best]:.0%} dropped, "
        f"{gain:.1f} points more{compared}."
    )


def _by_share(accuracies: dict[str, list[list[float]]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for drop, found in accuracies.items():
            axes.plot(SHARES, [np.mean(a) for a in found], color=COLOURS[drop], label=drop)
            for share, each in zip(SHARES, found, strict=True):
                axes.plot([share] * len(each), each, "o", color=COLOURS[drop], ms=3.5, alpha=0.5, mew=0)
        percent(axes, "x")
        percent(axes, "y")
        axes.set(xlabel="dropped", ylabel="validation accuracy")
        legend(axes)

    reading = (
        "A dot is a training, a line joins means; less than the spread of the dots means nothing. Vanilla trains on a "
        "signal that is weaker by the share it keeps."
    )
    return Chart("What dropping does to accuracy", draw(paint, 230), reading)


def _averages(distances: list[float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(THINNED, distances, "o-", color=BLUE)
        scale(axes, "x", log=True)
        scale(axes, "y", log=False)
        axes.set(xlabel="thinned networks averaged", ylabel="distance to the whole one", ylim=(0, None))

    reading = "The whole network answers about as the average of many thinned ones would, at the price of one."
    return Chart("An ensemble in one network", draw(paint, 230), reading)
