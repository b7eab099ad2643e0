"""Why should the inputs of a neuron not all be positive?"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, INK, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

TARGET = (1.0, -1.0)  # one weight must rise and the other fall, which one gradient of a positive input cannot do
NEAR = 0.05  # distance from the target that counts as there
OFFSET = 2.0  # deviations by which positive inputs lie above 0: the least of them at about 0.3
RATES = tuple(float(rate) for rate in np.geomspace(0.005, 1.0, 24))  # each kind of input gets the best of them
QUICK = {"steps": 30, "repeats": 2}


@dataclass(frozen=True)
class Descent:
    """The best rate of RATES; how it went, the median of repeats: steps until within NEAR of the target, infinite if
    never; share of those steps whose two gradients had the same sign; length of the way. places: the weights
    (steps + 1, 2) of the first repeat, to where they arrive."""

    rate: float
    steps: float
    one_sided: float
    length: float
    places: Tensor


def examples(repeats: int, n: int, seed: int, centred: bool) -> Tensor:
    """Points (repeats, n, 2), uniform in a square, each coordinate with deviation 1: about 0, or so far above it that
    all are positive."""
    points = torch.rand(repeats, n, 2, generator=torch.Generator().manual_seed(seed))
    return (points - points.mean(1, keepdim=True)) / points.std(1, keepdim=True) + (0.0 if centred else OFFSET)


def descend(x: Tensor, batch: int, steps: int) -> tuple[Tensor, Tensor]:
    """Mini-batch descent of mean((w x - target x)**2) / 2 from w = 0 at every rate, for x (repeats, n, 2).

    Returns the places (steps + 1, RATES, repeats, 2) and whether both gradients of a step (steps, RATES, repeats) had
    the same sign.
    """
    rates = torch.tensor(RATES)[:, None, None]
    target, w = torch.tensor(TARGET), torch.zeros(len(RATES), len(x), 2)
    places, one_sided = [w], []
    for step in range(steps):
        seen = x[:, torch.arange(step * batch, (step + 1) * batch) % x.shape[1]]  # (repeats, batch, 2)
        errors = torch.einsum("rpd,pbd->rpb", w - target, seen)
        gradient = torch.einsum("rpb,pbd->rpd", errors, seen) / batch
        one_sided.append((gradient > 0).all(2) | (gradient < 0).all(2))
        w = w - rates * gradient
        places.append(w)
    return torch.stack(places), torch.stack(one_sided)


def quickest(x: Tensor, batch: int, steps: int) -> Descent:
    """The descent at the rate whose median arrives first."""
    places, one_sided = descend(x, batch, steps)
    near = (places - torch.tensor(TARGET)).norm(dim=3) < NEAR  # (steps + 1, RATES, repeats)
    arrived = torch.where(near.any(0), near.int().argmax(0), torch.inf)  # (RATES, repeats)
    best = int(arrived.nanmedian(1).values.argmin())
    taken = [int(min(a, steps)) for a in arrived[best].tolist()]
    ways = (places[1:, best] - places[:-1, best]).norm(dim=2)  # (steps, repeats)
    return Descent(
        RATES[best],
        float(arrived[best].median()),
        float(np.median([float(one_sided[:t, best, i].float().mean()) for i, t in enumerate(taken)])),
        float(np.median([float(ways[:t, i].sum()) for i, t in enumerate(taken)])),
        places[: taken[0] + 1, best, 0],
    )


def run(
    steps: Annotated[int, Limits(10, 5000), About("updates at most")] = 300,
    batch: Annotated[int, Limits(2, 1000), About("examples in the larger of two batches")] = 32,
    repeats: Annotated[int, Limits(1, 1000), About("descents, each with examples of its own; medians are told")] = 51,
    seed: Annotated[int, Limits(0), About("of the examples")] = 0,
) -> Exhibit:
    found = {
        (kind, size): quickest(examples(repeats, 1000, seed, kind == "centred"), size, steps)
        for kind in ("positive", "centred")
        for size in (1, batch)
    }
    one = {kind: found[kind, 1] for kind in ("positive", "centred")}
    straight = float(torch.tensor(TARGET).norm())
    findings = [
        (
            f"One example at a time, positive inputs: both weights moved the same way in "
            f"{one['positive'].one_sided:.0%} of steps, though one must rise and one must fall; with centred inputs in "
            f"{one['centred'].one_sided:.0%}."
        ),
        (
            f"Each at its best rate, positive inputs bring the weights within {NEAR:g} of the target "
            f"{_when(one['positive'], steps)}, centred inputs {_when(one['centred'], steps)}."
        ),
        (
            f"The way there is {straight:.2f} long; positive inputs walked {one['positive'].length:.2f}, centred ones "
            f"{one['centred'].length:.2f}."
        ),
        (
            f"A batch of {batch} averages gradients of both signs: positive inputs arrive "
            f"{_when(found['positive', batch], steps)}, centred ones {_when(found['centred', batch], steps)}."
        ),
    ]
    rows = [
        [f"{kind}, batch {size}", f"{d.rate:.2g}", f"{d.one_sided:.0%}", _when(d, steps), f"{d.length:.2f}"]
        for (kind, size), d in found.items()
    ]
    headings = ["inputs", "best rate", "steps with one sign", "there", "length of the way"]
    tables = [Table("Zig-zag in numbers", headings, rows, f"Medians of {repeats} descents with other examples.")]
    data = {"places": {f"{kind}, batch {size}": d.places.tolist() for (kind, size), d in found.items()}}
    return Exhibit("All inputs positive", findings, [_ways(one)], tables=tables, data=data)


def _when(descent: Descent, steps: int) -> str:
    return f"after {descent.steps:.0f} steps" if np.isfinite(descent.steps) else f"not in {steps} steps"


def _ways(one: dict[str, Descent]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (kind, descent), colour in zip(one.items(), (ORANGE, BLUE), strict=True):
            axes.plot(*descent.places.T.numpy(), color=colour, label=kind, linewidth=1)
        axes.plot(0, 0, "o", color=MUTED, label="start")
        axes.plot(*TARGET, "*", color=INK, ms=12, label="target")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        axes.set(xlabel="first weight", ylabel="second weight")
        axes.set_aspect("equal", adjustable="datalim")
        legend(axes, columns=4)

    reading = "Positive inputs allow steps up and to the right or down and to the left alone; the target lies across."
    return Chart("The way of two weights, one example a step", draw(paint, 300), reading)
