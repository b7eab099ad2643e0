"""What does a hidden layer add to a linear classifier?"""

from functools import partial
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from ..data import toys
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ..report.figures.regions import regions
from ._exhibit import Exhibit
from ._plane import fresh, learn

QUICK = {"steps": 20}


def run(
    points: Annotated[int, Limits(3, 100_000), About("points of the three arms together")] = 300,
    hidden: Annotated[int, Limits(1, 10_000), About("units of the hidden layer")] = 100,
    steps: Annotated[int, Limits(1, 1_000_000), About("steps of gradient descent, on all points each")] = 3000,
    lr: Annotated[float, Limits(1e-12), About("learning rate")] = 1.0,
    weight_decay: Annotated[float, Limits(0.0), About("lambda of L2")] = 1e-3,
    seed: Annotated[int, Limits(0), About("of points and weights")] = 0,
) -> Exhibit:
    places, arms = toys.make("spiral", points, seed)
    train = partial(learn, places, arms, hidden=hidden, weight_decay=weight_decay, lr=lr, steps=steps, seed=seed)
    networks = {"linear": train(layers=1), f"{hidden} hidden units": train(layers=2)}
    right = {name: found.accuracy(places, arms) for name, found in networks.items()}
    new = {name: found.accuracy(*fresh("spiral", seed)) for name, found in networks.items()}
    findings = [
        f"{name}: {right[name]:.1%} of the {points} points it learned from are right, {new[name]:.1%} of fresh ones; "
        f"its loss ends at {found.losses[-1]:.3f}."
        for name, found in networks.items()
    ]
    linear, net = right.values()
    findings.append(
        f"The hidden layer adds {100 * (net - linear):.0f} points: it makes the regions bend, which no choice of "
        "weights does for straight borders."
        if net > linear
        else "Here the hidden layer added nothing: give it more steps, units, or a smaller lambda."
    )
    charts = [regions(found.predict, places, arms, name.capitalize()) for name, found in networks.items()]
    charts.append(_losses({name: found.losses for name, found in networks.items()}))
    data = {"train_accuracy": right, "fresh_accuracy": new}
    return Exhibit("Three arms of a spiral", findings, charts, data=data)


def _losses(losses: dict[str, list[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, values), colour in zip(losses.items(), (ORANGE, BLUE), strict=True):
            axes.plot(1 + np.arange(len(values)), values, color=colour, label=name)
        scale(axes, "x", log=True)
        axes.set(xlabel="step", ylim=(0, None))
        legend(axes)

    reading = "Cross-entropy on the points learned from, without the penalty; it starts at ln 3 = 1.10."
    return Chart("The way down", draw(paint, 290), reading)
