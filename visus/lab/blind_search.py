"""How far does guessing weights come, and how much further does the gradient?"""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..losses.hinge import multiclass_hinge
from ..metrics.accuracy import accuracy
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import pictures

COLOURS = {"random search": BLUE, "random local search": ORANGE, "gradient": GREEN}
WIDTH, STEP = 1e-4, 1e-4  # of the guesses around 0, and of the changes to the best; the course's, for pixels in 0..255
PRICE = 3  # a gradient costs the products of about three losses
AT_ONCE = 25  # guesses whose losses are one product
QUICK = {"tries": 60, "n": 200}


def run(
    data: Annotated[str, About("a named set: digits, mnist, fashion-mnist, cifar10, cifar10-course")] = "digits",
    n: Annotated[int, Limits(10), About("training pictures at most")] = 2000,
    tries: Annotated[int, Limits(3), About("losses that each way may look at")] = 1000,
    lr: Annotated[
        float, Limits(1e-12), About("rate of the gradient; it is divided by a picture's mean squared length")
    ] = 1.0,
    seed: Annotated[int, Limits(0), About("of the guesses")] = 0,
) -> Exhibit:
    prepared = pictures(data, n)
    x, y = _pixels(prepared.part("train"))
    held_x, held_y = _pixels(prepared.part("validation"))
    x, held_x = (_with_one(rows - x.mean(0)) for rows in (x, held_x))  # the mean picture of the training part
    K = prepared.n_classes
    ways = {
        "random search": guess(x, y, K, tries, seed),
        "random local search": wander(x, y, K, tries, seed),
        "gradient": follow(x, y, K, tries, lr / float(x.square().sum(1).mean()), seed),
    }
    courses, found = {}, {}
    for name, way in ways.items():
        seen = list(way)  # (losses looked at, lowest loss, its weights)
        courses[name] = [(looked, loss) for looked, loss, _ in seen]
        found[name] = accuracy(held_x @ seen[-1][2].T, held_y)
    blind = float(held_y.bincount().max()) / len(held_y)
    findings = [
        f"{name.capitalize()}: after {courses[name][-1][0]:,} losses the lowest is {courses[name][-1][1]:.3g}, and "
        f"{found[name]:.1%} of the validation pictures are right."
        for name in ways
    ]
    findings += [
        f"Always naming the commonest class gets {blind:.1%}; {x.shape[1] * K:,} weights are many to guess at once.",
        (
            f"A gradient step counts as {PRICE} losses, so the gradient made {len(courses['gradient']) - 1} steps; "
            "each knows the way down where a guess knows nothing."
        ),
        "Each search keeps the best it has seen; a guess that is worse changes nothing.",
    ]
    chart = _chart(courses, found)
    return Exhibit("Guess, wander, follow", findings, [chart], data={"accuracy": found, "blind": blind})


Seen = Iterator[tuple[int, float, Tensor]]


def guess(x: Tensor, y: Tensor, K: int, tries: int, seed: int) -> Seen:
    """Draw all weights anew each time."""
    random = torch.Generator().manual_seed(seed)
    best, lowest = torch.zeros(K, x.shape[1]), float("inf")
    for first in range(0, tries, AT_ONCE):
        drawn = WIDTH * torch.randn(min(AT_ONCE, tries - first), K, x.shape[1], generator=random)
        losses = torch.stack([multiclass_hinge(scores, y) for scores in (x @ drawn.flatten(0, 1).T).split(K, 1)])
        if float(losses.min()) < lowest:
            best, lowest = drawn[losses.argmin()], float(losses.min())
        yield first + len(drawn), lowest, best


def wander(x: Tensor, y: Tensor, K: int, tries: int, seed: int) -> Seen:
    """Add a little noise to the best weights; keep what is better."""
    random = torch.Generator().manual_seed(seed)
    best = WIDTH * torch.randn(K, x.shape[1], generator=random)
    scores = x @ best.T
    lowest = float(multiclass_hinge(scores, y))
    yield 1, lowest, best
    for looked in range(1, tries):
        change = STEP * torch.randn(K, x.shape[1], generator=random)
        moved = x @ (best + change).T
        loss = float(multiclass_hinge(moved, y))
        if loss < lowest:
            best, lowest = best + change, loss
        yield looked + 1, lowest, best


def follow(x: Tensor, y: Tensor, K: int, tries: int, lr: float, seed: int) -> Seen:
    """Step against the gradient of all pictures; the best weights seen count, as in the searches."""
    weights = WIDTH * torch.randn(K, x.shape[1], generator=torch.Generator().manual_seed(seed))
    best, lowest, place = weights, float("inf"), weights.requires_grad_()
    for looked in range(PRICE, tries + 1, PRICE):
        loss = multiclass_hinge(x @ place.T, y)
        (slope,) = torch.autograd.grad(loss, place)
        if float(loss.detach()) < lowest:
            best, lowest = place.detach().clone(), float(loss.detach())
        yield looked, lowest, best
        place = (place.detach() - lr * slope).requires_grad_()


def _pixels(part: Iterator[tuple[Tensor, ...]]) -> tuple[Tensor, Tensor]:
    """Pixels in 0..255, (N, D), and labels (N,)."""
    images, labels = (torch.cat(column) for column in zip(*part, strict=True))
    return images.flatten(1).float(), labels


def _with_one(rows: Tensor) -> Tensor:
    """The bias trick: (N, D) -> (N, D + 1)."""
    return torch.cat([rows, torch.ones(len(rows), 1)], 1)


def _chart(courses: dict[str, list[tuple[int, float]]], found: dict[str, float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, course in courses.items():
            looked, losses = np.array(course).T
            axes.plot(looked, losses, color=COLOURS[name], label=f"{name}: {found[name]:.0%} right")
        axes.set(xlabel="losses looked at", ylabel="lowest hinge loss so far")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        legend(axes, columns=1)

    reading = "The same number of looks for each way. Where a line is flat, nothing better was found."
    return Chart("Lowest loss against effort", draw(paint, 280), reading)
