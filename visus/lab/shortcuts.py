"""Why does a deeper plain network learn worse, even what it is trained on, and what do shortcuts change?"""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..data.batches import Prepared
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import Learnt, learn, pictures, smooth

KINDS = {"plain": "none", "residual": "pad"}  # name -> shortcut of cifar_resnet; pad adds no parameters
COLOURS = {"plain": ORANGE, "residual": BLUE}
TIMES = 2.0  # of the gradients' ratio, below which two nets are alike
QUICK = {"train": 60, "epochs": 1.0, "shallow": 8, "deep": 14}


@dataclass(frozen=True)
class Net:
    """One training: errors are shares wrong; gradients of each 3x3 layer, root mean square, from input to head."""

    kind: str
    depth: int
    losses: list[float]
    training_error: float
    validation_error: float
    at_start: list[float]
    at_end: list[float]

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.depth}"


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    train: Annotated[int, Limits(20), About("training pictures")] = 320,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over them")] = 8.0,
    shallow: Annotated[int, Limits(8), About("layers of the shallow nets, 6 n + 2")] = 20,
    deep: Annotated[int, Limits(8), About("layers of the deep nets, 6 n + 2")] = 56,
    lr: Annotated[float, Limits(1e-6), About("highest learning rate, of momentum 0.9")] = 0.05,
    seed: Annotated[int, Limits(0), About("of weights and shuffling")] = 0,
) -> Exhibit:
    prepared = pictures(data, train)
    nets = [_net(prepared, kind, depth, epochs, lr, seed) for kind in KINDS for depth in (shallow, deep)]
    by = {(net.kind, net.depth): net for net in nets}
    findings = [
        f"{data}, {train} pictures, {epochs:g} epochs. Training error: "
        + ", ".join(f"{net.name} {net.training_error:.1%}" for net in nets)
        + ".",
        *(_deeper(by[kind, shallow], by[kind, deep]) for kind in KINDS),
        _gradients(by["plain", deep], by["residual", deep]),
        (
            "All four have the same 3x3 layers with batch norm; a shortcut adds a block's input to its output, "
            "H(x) = F(x) + x, and no parameter. A deep plain net could copy the shallow one and add layers that do "
            "nothing: where it ends above it in training error, it failed to find those weights; it did not overfit."
        ),
    ]
    rows = [
        [net.name, f"{net.training_error:.1%}", f"{net.validation_error:.1%}", f"{smooth(net.losses)[-1]:.3f}"]
        for net in nets
    ]
    return Exhibit(
        "Shortcuts",
        findings,
        [_courses(nets), _by_depth(by["plain", deep], by["residual", deep])],
        tables=[Table("After training", ["net", "training error", "validation error", "training loss"], rows)],
        data={net.name: vars(net) for net in nets},
    )


def _net(prepared: Prepared, kind: str, depth: int, epochs: float, lr: float, seed: int) -> Net:
    settings: dict[str, Any] = {"model": "cifar_resnet", "depth": depth, "shortcut": KINDS[kind], "batch": 32}
    settings |= {"optimizer": "momentum", "lr": lr, "schedule": "one_cycle", "weight_decay": 1e-4, "seed": seed}
    before = learn(prepared, **settings, epochs=0.001)  # one step, whose rate a warm-up makes small
    found = learn(prepared, **settings, epochs=epochs)
    scores = found.task.evaluate()
    errors = 1 - scores["train_accuracy"], 1 - scores["validation_accuracy"]
    return Net(kind, depth, found.losses, *errors, _pulls(before), _pulls(found))


def _pulls(learnt: Learnt) -> list[float]:
    """Root mean square gradient of each 3x3 layer's weights, on 64 training pictures, in training mode."""
    task = learnt.task.train()
    images, labels = next(iter(task.data.part("train", 64)))
    task.zero_grad()
    scores: Tensor = task.model(images)
    nn.functional.cross_entropy(scores, labels).backward()
    layers = [m for m in learnt.network.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    return [float(m.weight.grad.square().mean().sqrt()) for m in layers if isinstance(m.weight.grad, torch.Tensor)]


def _deeper(shallow: Net, deep: Net) -> str:
    apart = 100 * (deep.training_error - shallow.training_error)
    if abs(apart) < 0.05:
        return f"{deep.name} and {shallow.name} end with the same training error."
    way = "more" if apart > 0 else "less"
    return f"{deep.name} gets {abs(apart):.1f} points {way} of its own training pictures wrong than {shallow.name}."


def _gradients(plain: Net, residual: Net) -> str:
    steepness = {net.kind: net.at_start[1] / max(net.at_start[-1], 1e-30) for net in (plain, residual)}
    times = steepness["plain"] / steepness["residual"]
    said = f"{times:,.3g} times as steep" if not 1 / TIMES < times < TIMES else "about as steep"
    return (
        f"At the start the gradient of the second layer is {steepness['plain']:,.0f} times that of the last 3x3 layer "
        f"in {plain.name}, {steepness['residual']:,.0f} times in {residual.name}: {said}."
    )


def _courses(nets: list[Net]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        deepest = max(net.depth for net in nets)
        for net in nets:
            style = "-" if net.depth == deepest else "--"
            axes.plot(smooth(net.losses), style, color=COLOURS[net.kind], label=net.name)
        scale(axes, "x", log=False)
        axes.set(xlabel="step", ylabel="training loss", ylim=(0, None))
        legend(axes, columns=2)

    reading = (
        "Smoothed over about ten steps. Solid: deep. A solid line above the dashed one of its colour: depth hurts."
    )
    return Chart("Training loss", draw(paint, 230), reading)


def _by_depth(plain: Net, residual: Net) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for net in (plain, residual):
            for found, style, when in ((net.at_start, "-", "start"), (net.at_end, ":", "end")):
                axes.plot(range(1, len(found) + 1), found, style, color=COLOURS[net.kind], label=f"{net.name}, {when}")
        scale(axes, "y", log=True)
        axes.set(xlabel="3x3 layer, from the input", ylabel="gradient, root mean square")
        legend(axes, columns=2)

    reading = "Gradients of the weights on 64 training pictures. A line that climbs to the left: early layers are "
    reading += "pulled harder than late ones; a jagged one: layers are pulled unevenly."
    return Chart("Gradient by depth", draw(paint, 230), reading)
