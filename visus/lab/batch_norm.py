"""How much does normalisation forgive a bad start and a bad learning rate?"""

from typing import Annotated

import torch
from matplotlib.figure import Figure

from ..data.batches import Prepared
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, PURPLE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import learn, pictures

RATES = (0.001, 0.01, 0.1, 0.5, 2.0)
STARTS = ("small_normal", "inverse_sqrt", "he")
NORMS = {"none": MUTED, "batch": BLUE, "layer": GREEN, "group": PURPLE}
GOOD = 0.9  # share of the best accuracy at which a rate counts as one that works
QUICK = {"epochs": 0.2, "hidden": 16}
Accuracies = dict[str, list[float]]  # by norm, one a rate


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over it")] = 5.0,
    layers: Annotated[int, Limits(2, 50), About("linear layers")] = 6,
    hidden: Annotated[int, Limits(2), About("units in each hidden layer")] = 64,
    seed: Annotated[int, Limits(0), About("of weights and shuffling")] = 0,
) -> Exhibit:
    prepared = pictures(data)

    def reached(start: str, norm: str, lr: float) -> float:
        learnt = learn(prepared, layers=layers, hidden=hidden, norm=norm, init=start, optimizer="sgd", lr=lr,
                       epochs=epochs, seed=seed)  # fmt: skip
        return learnt.task.evaluate()["validation_accuracy"]

    found = {start: {norm: [reached(start, norm, lr) for lr in RATES] for norm in NORMS} for start in STARTS}
    best = max(max(a) for by in found.values() for a in by.values())
    worked = {norm: sum(a >= GOOD * best for by in found.values() for a in by[norm]) for norm in NORMS}
    tried = len(STARTS) * len(RATES)
    moved, still = _company(prepared, hidden, seed)
    findings = [
        (
            f"Of {tried} pairs of start and learning rate, {worked['none']} come within 10 % of the best accuracy "
            "without "
            f"normalisation, {worked['batch']} with batch, {worked['layer']} with layer and {worked['group']} with "
            "group norm "
            f"({layers} layers on {data}, {epochs:g} epochs, plain SGD)."
        ),
        *(_start(start, by) for start, by in found.items()),
        (
            f"In training, batch norm shifts an example's scores by {moved:.2g} on average with the company it keeps, "
            f"in use by {still:.2g}: a noise that regularises, as dropout's does."
        ),
    ]
    charts = [_chart(start, by) for start, by in found.items()]
    return Exhibit("Normalisation", findings, charts, data={"rates": RATES, "validation_accuracy": found})


def _start(start: str, by: Accuracies) -> str:
    return (
        f"Start {start}: the best rate gives " + ", ".join(f"{max(a):.1%} with {norm}" for norm, a in by.items()) + "."
    )


def _company(prepared: Prepared, hidden: int, seed: int) -> tuple[float, float]:
    """Deviation of ten examples' scores over batches with other company, in training and in use, in score units."""
    learnt = learn(prepared, hidden=hidden, norm="batch", optimizer="sgd", lr=0.1, epochs=1, seed=seed)
    images = torch.cat([images for images, _ in learnt.task.data.part("train", 330)])
    groups = [torch.cat([images[:10], images[first : first + 32]]) for first in range(10, len(images) - 31, 32)]
    model, deviations = learnt.task.model, []
    for mode in (True, False):
        with torch.no_grad():
            scores = torch.stack([model.train(mode)(group)[:10] for group in groups])
        deviations.append(float(scores.std(0).mean()))
    return deviations[0], deviations[1]


def _chart(start: str, by: Accuracies) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (norm, accuracies), colour in zip(by.items(), NORMS.values(), strict=True):
            style = "--" if norm == "none" else "-"
            axes.plot(RATES, accuracies, style, color=colour, label=norm, marker="o", ms=4)
        scale(axes, "x", log=True)
        percent(axes, "y")
        axes.set(xlabel="learning rate", ylabel="validation accuracy", ylim=(0, 1.02))
        legend(axes, columns=4)

    reading = (
        "A wide plateau forgives; a narrow peak must be hit. Dashed: no normalisation. 0 % is a run that diverged."
    )
    return Chart(f"Start: {start}", draw(paint, 210), reading)
