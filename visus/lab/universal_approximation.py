"""How many hidden units does a net need to follow a given function?"""

import math
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit

UNITS = (1, 2, 4, 8, 16, 32, 64)
DRAWN = (4, 16)
KINK = 3.0  # slope of a fresh unit
LOW, HIGH = -1.0, 1.0
QUICK = {"steps": 20}


def wanted(x: Tensor) -> Tensor:
    """The function to be followed, on [-1, 1]."""
    return torch.sin(3 * math.pi * x) * torch.exp(-x) / 2


class OneHidden(nn.Module):
    """(N, 1) -> (N, 1) through n ReLU units: a line with a kink at each of them."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.hidden, self.out = nn.Linear(1, n), nn.Linear(n, 1)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.out(self.hidden(x).relu())
        return scores


@torch.no_grad()
def built(n: int) -> OneHidden:
    """Without learning: n kinks at even places, and as the slope after each that of the function's own chord."""
    network, knots = OneHidden(n), torch.linspace(LOW, HIGH, n + 1)
    heights = wanted(knots)
    slopes = (heights[1:] - heights[:-1]) / (knots[1:] - knots[:-1])
    network.hidden.weight.fill_(1.0)
    network.hidden.bias.copy_(-knots[:-1])
    network.out.weight.copy_(torch.cat([slopes[:1], slopes[1:] - slopes[:-1]])[None])
    network.out.bias.copy_(heights[:1])
    return network


def trained(n: int, steps: int, seed: int) -> OneHidden:
    """The same network, descended by L-BFGS on 256 points from kinks at random places."""
    torch.manual_seed(seed)
    network, x = OneHidden(n), torch.linspace(LOW, HIGH, 256)[:, None]
    with torch.no_grad():  # every kink within the span, looking left or right: torch's own start leaves many outside
        network.hidden.weight.copy_(torch.randn(n, 1).sign() * KINK)
        network.hidden.bias.copy_(-network.hidden.weight[:, 0] * (2 * torch.rand(n) - 1))
    descent = torch.optim.LBFGS(network.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        descent.zero_grad()
        loss = (network(x) - wanted(x)).square().mean()
        loss.backward()
        return loss

    descent.step(closure)
    return network


@torch.no_grad()
def error(network: nn.Module) -> float:
    """Root of the mean squared distance from the function over its span."""
    x = torch.linspace(LOW, HIGH, 2001)[:, None]
    return float((network(x) - wanted(x)).square().mean().sqrt())


def run(
    steps: Annotated[int, Limits(1, 100_000), About("steps of training each network")] = 1500,
    seed: Annotated[int, Limits(0), About("of the starting weights")] = 0,
) -> Exhibit:
    networks = {
        "built by hand": {n: built(n) for n in UNITS},
        "trained": {n: trained(n, steps, seed) for n in UNITS},
    }
    errors = {way: {n: error(network) for n, network in by.items()} for way, by in networks.items()}
    fewest = next((n for n in UNITS if errors["trained"][n] < 0.01), None)
    by_hand = errors["built by hand"]
    findings = [
        f"One hidden layer of {UNITS[0]}, {UNITS[3]} and {UNITS[-1]} ReLU units, trained, is off by "
        + ", ".join(f"{errors['trained'][n]:.2g}" for n in (UNITS[0], UNITS[3], UNITS[-1]))
        + " (root mean square; the function runs from −1 to 1).",
        f"{fewest} trained units come within 0.01."
        if fewest
        else "No trained network came within 0.01; give it steps.",
        (
            f"Weights written down without learning, one kink a unit, are off by {by_hand[UNITS[-2]]:.2g} with "
            f"{UNITS[-2]} "
            f"units and {by_hand[UNITS[-1]]:.2g} with {UNITS[-1]}: twice the units, "
            f"{by_hand[UNITS[-2]] / by_hand[UNITS[-1]]:.1f} times closer. So enough units follow any continuous "
            "function."
        ),
        "That says nothing of learning: fewer layers may need far more units, and following noise is not the aim.",
    ]
    charts = [_followed(networks["trained"]), _errors(errors)]
    data = {"errors": {way: {str(n): e for n, e in by.items()} for way, by in errors.items()}}
    return Exhibit("Any function, with enough units", findings, charts, data=data)


def _followed(networks: dict[int, OneHidden]) -> Chart:
    x = torch.linspace(LOW, HIGH, 300)[:, None]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(x[:, 0], wanted(x)[:, 0], color=MUTED, linewidth=5, alpha=0.4, label="wanted")
        for n, colour in zip(DRAWN, (ORANGE, BLUE), strict=True):
            axes.plot(x[:, 0], networks[n](x).detach()[:, 0], color=colour, label=f"{n} units")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        legend(axes)

    reading = "Each ReLU unit adds one kink to a line; training moves the kinks to where the function bends."
    return Chart("Followed by few units and by more", draw(paint, 230), reading)


def _errors(errors: dict[str, dict[int, float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (way, by), colour in zip(errors.items(), (GREEN, BLUE), strict=True):
            axes.plot(np.array(list(by)), np.array(list(by.values())), "o-", color=colour, label=way)
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        axes.set(xlabel="hidden units", ylabel="error")
        legend(axes)

    reading = (
        "Built by hand, the error falls with the square of the units; training moves kinks to where they are needed."
    )
    return Chart("Error against units", draw(paint, 230), reading)
