"""Why is even a linear classifier fooled by changes that nobody sees?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from ..attacks import fgsm, noise
from ..attacks._contract import UnitPixels, said
from ..data.prepare import prepare
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import learn
from ._under_attack import ADAM, before_and_after, held_out, names_rightly

SIDES = (8, 16, 32)
EPSILONS = (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.24)
QUICK = {"epochs": 2.0}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    epochs: Annotated[float, Limits(0.01), About("passes over the training part")] = 15.0,
    epsilon: Annotated[float, Limits(0.0, 1.0), About("change of every pixel, of the way from black to white")] = 0.04,
    seed: Annotated[int, Limits(0), About("of the order of the pictures")] = 0,
) -> Exhibit:
    curves, moved = {}, {}
    for side in SIDES:
        prepared = prepare(data, side)
        learnt = learn(prepared, model="linear", epochs=epochs, seed=seed, weight_decay=1e-3, **ADAM)
        network = UnitPixels(learnt.task.model.eval())
        pixels, labels = held_out(prepared)
        curves[side] = {
            how: [names_rightly(network, attack(network, pixels, labels, e), labels) for e in EPSILONS]
            for how, attack in (("signs of the gradient", fgsm.attack), ("random signs", noise.attack))
        }
        moved[side] = _moved(network, pixels, labels, epsilon)
    found = fgsm.attack(network, pixels, labels, epsilon)
    plate = before_and_after(network, pixels, found, prepared.collection.classes, f"{SIDES[-1]} pixels a side", epsilon)
    return Exhibit(
        "Fooling a linear classifier",
        _findings(moved, curves, epsilon),
        [_chart(curves[side], side) for side in SIDES],
        [plate],
        data={"sides": {str(side): {**curves[side], **moved[side]} for side in SIDES}, "epsilons": EPSILONS},
    )


def _moved(network: UnitPixels, pixels: torch.Tensor, labels: torch.Tensor, epsilon: float) -> dict[str, float]:
    """How far the lead of the true class over the next one falls: by fgsm, by noise, and by sum |w| * epsilon."""
    with torch.no_grad():
        scores = network(pixels)
        rest = scores.masked_fill(F.one_hot(labels, scores.shape[1]).bool(), -torch.inf)
        rival = rest.argmax(1)

    def lead(images: torch.Tensor) -> torch.Tensor:
        scores = network(images)
        return (scores.gather(1, labels[:, None]) - scores.gather(1, rival[:, None]))[:, 0]

    x = pixels.clone().requires_grad_(True)
    (weights,) = torch.autograd.grad(lead(x).sum(), x)
    worst, blind = pixels - epsilon * weights.sign(), noise.attack(network, pixels, labels, epsilon)
    with torch.no_grad():
        before = lead(pixels)
        return {
            "lead": float(before.abs().mean()),
            "signs": float((before - lead(worst)).mean()),
            "noise": float((before - lead(blind)).abs().mean()),
            "predicted": float(epsilon * weights.abs().flatten(1).sum(1).mean()),
            "values": float(weights[0].numel()),
        }


def _findings(
    moved: dict[int, dict[str, float]], curves: dict[int, dict[str, list[float]]], epsilon: float
) -> list[str]:
    said_of = [
        f"{side} x {side} pixels: changing all {m['values']:,.0f} values by {said(epsilon)} along the weights' signs "
        f"takes {m['signs']:.2f} from the true class's lead of {m['lead']:.2f} (epsilon times the sum of |w|: "
        f"{m['predicted']:.2f}); random signs change it by {m['noise']:.2f}."
        for side, m in moved.items()
    ]
    first, last = curves[SIDES[0]], curves[SIDES[-1]]
    at = int(np.argmin(np.abs(np.asarray(EPSILONS) - epsilon)))
    return [
        *said_of,
        (
            f"At {EPSILONS[at]:g} accuracy falls from {last['random signs'][0]:.1%} to "
            f"{last['signs of the gradient'][at]:.1%} "
            f"at {SIDES[-1]} pixels a side (random signs: {last['random signs'][at]:.1%}), and to "
            f"{first['signs of the gradient'][at]:.1%} at {SIDES[0]}."
        ),
        (
            "Many small steps in the same direction add up: the change of a score grows with the number of values, its "
            "visibility does not. Nothing here is deep or curved; too much linearity is enough."
        ),
    ]


def _chart(course: dict[str, list[float]], side: int) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, shares), colour, style in zip(course.items(), (ORANGE, BLUE), ("-", "--"), strict=True):
            axes.plot(EPSILONS, shares, style, color=colour, label=name)
        axes.axhline(0.1, color=MUTED, linewidth=1, linestyle=":")
        axes.set_ylim(0, 1.02)
        scale(axes, "x", log=False)
        percent(axes, "y")
        axes.set_xlabel("change of every value")
        legend(axes, columns=2)

    return Chart(
        f"{side} x {side} pixels", draw(paint, 200), "Accuracy on held-out pictures; dotted: a guess among ten."
    )
