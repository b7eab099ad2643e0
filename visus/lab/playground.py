"""What does a network of your choice make of points in the plane?"""

from typing import Annotated, Literal

import numpy as np
from matplotlib.figure import Figure

from ..data import toys
from ..layers.activations import Activation
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, draw, scale
from ..report.figures.chart import Chart
from ..report.figures.regions import regions
from ._exhibit import Exhibit
from ._plane import Toy, fresh, learn, mislabelled

QUICK = {"steps": 20}


def run(
    data: Annotated[Toy, About("which points")] = "spiral",
    points: Annotated[int, Limits(10, 100_000), About("how many to learn from")] = 300,
    wrong: Annotated[float, Limits(0.0, 0.5), About("share of them with a wrong label")] = 0.0,
    hidden: Annotated[int, Limits(1, 10_000), About("units of each hidden layer")] = 20,
    layers: Annotated[int, Limits(1, 20), About("layers with weights; 1: a linear classifier")] = 2,
    activation: Annotated[Activation, About("between two layers")] = "relu",
    weight_decay: Annotated[float, Limits(0.0), About("lambda of L2")] = 1e-3,
    optimizer: Annotated[Literal["adam", "sgd", "momentum", "nesterov"], About("update rule")] = "adam",
    lr: Annotated[float, Limits(1e-12), About("learning rate")] = 0.02,
    steps: Annotated[int, Limits(1, 1_000_000), About("steps, on all points each")] = 1500,
    seed: Annotated[int, Limits(0), About("of points, mistakes and weights")] = 0,
) -> Exhibit:
    places, truth = toys.make(data, points, seed)
    labels, new = mislabelled(truth, wrong, seed), fresh(data, seed)
    found = learn(
        places,
        labels,
        hidden=hidden,
        layers=layers,
        activation=activation,
        weight_decay=weight_decay,
        lr=lr,
        steps=steps,
        optimizer=optimizer,
        seed=seed,
    )
    n_weights = sum(p.numel() for p in found.network.parameters())
    learned, on_new = found.accuracy(places, labels), found.accuracy(*new)
    findings = [
        f"{n_weights:,} weights learned {learned:.1%} of {points} points in {steps:,} steps.",
        f"They get {on_new:.1%} of {len(new[1]):,} fresh points right.",
        f"The loss went from {found.losses[0]:.3f} to {found.losses[-1]:.3f}.",
        _advice(found.losses, learned, on_new, wrong),
    ]
    charts = [
        regions(found.predict, places, labels, f"{data}, {layers} layer{'s' if layers > 1 else ''}"),
        _loss(found.losses),
    ]
    measured = {"train_accuracy": learned, "fresh_accuracy": on_new, "loss": found.losses[-1]}
    return Exhibit("Playground", findings, charts, data=measured)


def _advice(losses: list[float], learned: float, on_new: float, wrong: float) -> str:
    """What the numbers suggest to try next."""
    if not np.isfinite(losses[-1]) or losses[-1] > 2 * losses[0]:
        return "The loss rose: lower lr."
    if learned - on_new > 0.05 - wrong and learned > 1 - wrong:
        return "It fits what it learned better than fresh points: raise weight_decay, or give it more points."
    if losses[-1] < 0.98 * losses[len(losses) * 9 // 10]:
        return "The loss was still falling at the end: more steps, or a higher lr, bring more."
    if learned < 0.9 - wrong:
        return "It stopped learning below 90 %: give it more units or layers, or a smaller weight_decay."
    return "Nothing is obviously wrong; try fewer units, or a harder set."


def _loss(losses: list[float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(1 + np.arange(len(losses)), losses, color=BLUE)
        scale(axes, "x", log=True)
        axes.set(xlabel="step", ylim=(0, None))

    return Chart("Loss", draw(paint, 290), "Cross-entropy on the points learned from, without the penalty.")
