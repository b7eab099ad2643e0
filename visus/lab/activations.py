"""Which activation learns fastest, and what does each do to values and gradients?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.batches import Prepared
from ..layers import activations
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import learn, pictures, smooth

COLOURS = {
    "relu": BLUE,
    "leaky_relu": GREEN,
    "prelu": PURPLE,
    "elu": RED,
    "maxout": INK,
    "tanh": ORANGE,
    "sigmoid": MUTED,
}
STARTS = {"tanh": "glorot", "sigmoid": "glorot"}  # of the weights; the others start as He et al. propose
RATES = (0.02, 0.1, 0.5)  # each activation gets the one that serves it best
LEARNT = 0.2  # training loss in nats that counts as learned
FLAT = 0.01  # a slope below which a value counts as saturated
QUICK = {"epochs": 0.2, "seeds": 1, "hidden": 16}


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over it, at most")] = 8.0,
    layers: Annotated[int, Limits(2, 50), About("linear layers")] = 4,
    hidden: Annotated[int, Limits(2), About("units in each hidden layer")] = 64,
    seeds: Annotated[int, Limits(1, 100), About("trainings of each")] = 2,
) -> Exhibit:
    prepared = pictures(data)
    needed = {name: _fastest(prepared, name, epochs, layers, hidden, seeds) for name in activations.NAMED}
    values = {name: measured(name) for name in activations.NAMED}
    relu, tanh = needed["relu"][0], needed["tanh"][0]
    order = sorted(needed, key=lambda name: needed[name][0])
    findings = [
        f"Steps until the training loss is {LEARNT:g} on {data}, each at its best rate, mean of {seeds}: "
        + ", ".join(f"{name} {_steps(needed[name])}" for name in order)
        + ".",
        _ratio(relu, tanh),
        "Inputs from −10 to 10 whose slope is below 0.01: "
        + ", ".join(f"{name} {found['flat']:.0%}" for name, found in values.items() if found["flat"] > 0)
        + "; none with the others.",
        "Mean output for inputs about 0 with deviation 1: "
        + ", ".join(f"{name} {_number(found['mean'])}" for name, found in values.items())
        + ". Only outputs about 0 spare the next layer all-positive inputs.",
    ]
    rows = [
        [
            name,
            _steps(needed[name]),
            f"{_number(found['low'])} to {_number(found['high'])}",
            _number(found["mean"]),
            f"{found['flat']:.0%}",
        ]
        for name, found in values.items()
    ]
    headings = [
        "activation",
        f"steps to {LEARNT:g}",
        "outputs on −10 to 10",
        "mean output",
        "saturated",
    ]
    reading = (
        "Saturated: the share of inputs from −10 to 10 with a slope below 0.01. Maxout: of the two lines drawn above."
    )
    charts = [_curves(slope=False), _curves(slope=True), _speeds(needed)]
    data_out = {"steps": {name: steps for name, (steps, _, _) in needed.items()}, "values": values}
    return Exhibit(
        "Activations", findings, charts, tables=[Table("In numbers", headings, rows, reading)], data=data_out
    )


def curve(name: str, x: Tensor) -> tuple[Tensor, Tensor]:
    """What an activation makes of x (N,), and its slope there. Maxout takes the larger of 0.6 x + 0.5 and −0.4 x."""
    x = x.clone().requires_grad_()
    pieces = torch.stack([0.6 * x + 0.5, -0.4 * x], 1) if name == "maxout" else x[:, None]
    out = activations.named(name)(pieces).flatten()
    (slope,) = torch.autograd.grad(out.sum(), x)
    return out.detach(), slope


def measured(name: str) -> dict[str, float]:
    """Range and share of saturated inputs on [-10, 10], and the mean output for normal inputs."""
    out, slope = curve(name, torch.linspace(-10, 10, 4001))
    normal, _ = curve(name, torch.special.ndtri((torch.arange(20_000) + 0.5) / 20_000))
    shares = {"flat": (slope.abs() < FLAT).float().mean()}
    return {
        key: round(float(v), 6)
        for key, v in {"low": out.min(), "high": out.max(), "mean": normal.mean(), **shares}.items()
    }


def _fastest(
    prepared: Prepared, name: str, epochs: float, layers: int, hidden: int, seeds: int
) -> tuple[float, float, list[float]]:
    """Mean steps to LEARNT at the best rate (infinite if one seed never came there), that rate, and one loss course."""
    found = []
    for lr in RATES:
        courses = [
            smooth(
                learn(
                    prepared,
                    layers=layers,
                    hidden=hidden,
                    activation=name,
                    init=STARTS.get(name, "he"),
                    optimizer="sgd",
                    lr=lr,
                    epochs=epochs,
                    seed=seed,
                ).losses
            )
            for seed in range(seeds)
        ]
        found.append((float(np.mean([_arrival(course) for course in courses])), lr, courses[0]))
    return min(found, key=lambda by: (by[0], by[2][-1] if np.isfinite(by[2][-1]) else np.inf))


def _arrival(losses: list[float]) -> float:
    return next((float(step) for step, loss in enumerate(losses, 1) if loss <= LEARNT), np.inf)


def _steps(needed: tuple[float, float, list[float]]) -> str:
    return f"{needed[0]:.0f}" if np.isfinite(needed[0]) else f"more than {len(needed[2])}"


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _ratio(relu: float, tanh: float) -> str:
    if not np.isfinite(relu) or not np.isfinite(tanh):
        return "ReLU or tanh did not come there in all trainings; give them more epochs to compare them."
    return (
        f"Tanh needed {tanh / relu:.2f} times the steps of ReLU. The factor 6 that is often quoted was measured on a "
        "convolutional net of four layers on CIFAR-10 (Krizhevsky et al., 2012)."
    )


def _curves(slope: bool) -> Chart:
    x = torch.linspace(-3, 3, 241)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, colour in COLOURS.items():
            axes.plot(x, curve(name, x)[slope], color=colour, label=name, linewidth=1.5)
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        axes.set_ylim((-0.6, 1.2) if slope else (-1.3, 2.6))
        legend(axes, columns=3)

    if slope:
        return Chart(
            "Their slopes", draw(paint, 260), "What a gradient is multiplied with on its way back; near 0 it is lost."
        )
    return Chart("Seven activations", draw(paint, 260), "Maxout is drawn with two pieces as they might be learned.")


def _speeds(needed: dict[str, tuple[float, float, list[float]]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, (_, rate, losses) in needed.items():
            axes.plot(losses, color=COLOURS[name], label=f"{name} {rate:g}", linewidth=1.4)
        axes.axhline(LEARNT, color=MUTED, linestyle=":", linewidth=1)
        scale(axes, "y", log=True)
        scale(axes, "x", log=False)
        axes.set(xlabel="step", ylabel="training loss")
        legend(axes, columns=2)

    rates = ", ".join(f"{rate:g}" for rate in RATES)
    reading = f"Beside each name its best rate of {rates}. Dotted: the loss that counts as learned."
    return Chart("Learning, one training each", draw(paint, 300), reading)
