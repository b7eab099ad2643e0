"""How many examples does a gradient need?"""

import time
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.batches import Prepared
from ..engine.seed import own_randomness
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ..tasks.classify import Classify
from ._exhibit import Exhibit, Table
from ._learn import learn, pictures, smooth

QUICK = {"epochs": 0.2, "draws": 4}
SIZES = (1, 8, 32, 64, 128, 256)
COLOURS = dict(
    zip(("1", "8", "32", "64", "128", "256", "all"), (MUTED, PURPLE, BLUE, GREEN, ORANGE, RED, INK), strict=True)
)


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    train: Annotated[int, Limits(0), About("its first so many training pictures; 0: all")] = 0,
    epochs: Annotated[float, Limits(0.05, 100), About("passes over the set, for each batch size")] = 4.0,
    lr: Annotated[
        float, Limits(1e-6, 10), About("learning rate for 32 examples; it grows with the root of their number")
    ] = 0.1,
    draws: Annotated[int, Limits(2, 10_000), About("batches of each size whose gradients are compared")] = 40,
    seed: Annotated[int, Limits(0), About("of weights and draws")] = 0,
) -> Exhibit:
    prepared = pictures(data, train)
    n = len(prepared.split.train)
    sizes = [size for size in SIZES if size < n]
    noise = gradient_noise(prepared, sizes, draws, seed)
    slope = float(np.polyfit(np.log(sizes), np.log([noise[size] for size in sizes]), 1)[0])
    runs = {str(size): _course(prepared, size, lr, epochs, seed) for size in sizes} | {
        "all": _course(prepared, n, lr, epochs, seed)
    }
    first, last = sizes[0], sizes[-1]
    best = min(runs, key=lambda name: runs[name][1])
    quick = min(runs, key=lambda name: runs[name][2])
    with_all = f"with all at once {runs['all'][1]:.3f}, in {runs['all'][0]} steps"
    times = f"{runs[str(first)][2]:.2f} s in batches of {first} and {runs[quick][2]:.3f} s in batches of {quick}"
    findings = [
        f"The gradient of {first} example is off by {noise[first]:.1f} times the whole set's length.",
        f"That of {last} examples is off by {noise[last]:.2f} times.",
        f"The error falls as their number to the power {slope:.2f}; in theory -1/2, a hundred times for one digit.",
        f"After {epochs:g} passes the loss is lowest with batches of {best} ({runs[best][1]:.3f}), and {with_all}.",
        f"A pass takes {times}.",
    ]
    rows = [[name, f"{steps:,}", f"{loss:.3f}", f"{seconds:.3f}"] for name, (steps, loss, seconds, _) in runs.items()]
    headings = ["batch", "steps", "training loss at the end", "seconds a pass"]
    table = Table(f"The same {epochs:g} passes", headings, rows)
    return Exhibit(
        "Mini-batches",
        findings,
        [_noise(noise), _courses({name: losses for name, (*_, losses) in runs.items()}, epochs)],
        tables=[table],
        data={"noise": {str(size): value for size, value in noise.items()}, "slope": slope},
    )


def gradient_noise(prepared: Prepared, sizes: list[int], draws: int, seed: int) -> dict[int, float]:
    """For each batch size: the mean distance of a batch's gradient from the whole set's, in lengths of the latter."""
    # After a little training: at the very start every example pulls much the same way.
    task = learn(prepared, lr=0.05, epochs=0.5, seed=seed).task
    assert isinstance(task, Classify)
    images, labels = (torch.cat(column) for column in zip(*prepared.part("train"), strict=True))
    whole = _gradient(task, images, labels)
    found = {}
    with own_randomness(seed):
        for size in sizes:
            gaps = []
            for _ in range(draws):
                rows = torch.randint(len(labels), (size,))
                gaps.append(float((_gradient(task, images[rows], labels[rows]) - whole).square().sum()))
            found[size] = float(np.sqrt(np.mean(gaps))) / float(whole.norm())
    return found


def _gradient(task: Classify, images: Tensor, labels: Tensor) -> Tensor:
    loss = torch.stack(list(task.misjudgement((images, labels)).values())).sum()
    gradients = torch.autograd.grad(loss, [p for p in task.parameters() if p.requires_grad])
    return torch.cat([g.flatten() for g in gradients])


def _course(
    prepared: Prepared, size: int, lr: float, epochs: float, seed: int
) -> tuple[int, float, float, list[float]]:
    """(steps, final training loss, seconds a pass, smoothed loss of each step)."""
    began = time.perf_counter()
    learnt = learn(
        prepared, lr=min(1.0, lr * (size / 32) ** 0.5), optimizer="sgd", batch=size, epochs=epochs, seed=seed
    )
    seconds = (time.perf_counter() - began) / epochs
    final = learnt.task.evaluate()["train_loss"]
    return len(learnt.losses), final, seconds, smooth(learnt.losses, min(0.99, 1 - min(1.0, size / 300)))


def _noise(noise: dict[int, float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        sizes = np.array(list(noise))
        axes.plot(sizes, list(noise.values()), "o-", color=BLUE, label="measured")
        first = next(iter(noise.values()))
        axes.plot(sizes, first * (sizes[0] / sizes) ** 0.5, "--", color=MUTED, label="1 / root of the batch")
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        axes.set(xlabel="examples in a batch", ylabel="error of the gradient")
        legend(axes, columns=2)

    reading = "Distance from the gradient of the whole set, in lengths of that gradient."
    return Chart("Noise of a batch's gradient", draw(paint, 250), reading)


def _courses(losses: dict[str, list[float]], epochs: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, found in losses.items():
            shown = np.unique(np.linspace(0, len(found) - 1, min(len(found), 300)).astype(int))
            marker = "o" if len(found) < 12 else ""
            passes = (shown + 1) / len(found) * epochs
            axes.plot(passes, np.array(found)[shown], marker=marker, color=COLOURS[name], label=name, linewidth=1.4)
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="passes over the set", ylabel="training loss")
        legend(axes, columns=4)

    reading = "The same examples seen, in batches of so many; smoothed over about 300 examples."
    return Chart("Loss against work", draw(paint, 260), reading)
