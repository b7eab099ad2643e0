"""What happens to a gradient on its way back through time?"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.seed import own_randomness
from ..layers.recurrent import STEPS, Cell, Recurrent
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

Floats = NDArray[np.float64]
QUICK = {"lags": 8, "batch": 4, "hidden": 16}
RADII = (0.8, 1.0, 1.2)
FORGET = (0.0, 1.0, 3.0)  # where the bias of the LSTM's forget gate starts
STEP_LR, CLIP = 2.0, 0.1  # of the walk at the cliff: a rate that suits the plain, and the longest gradient when clipped
CLIFF_STEPS, UNROLLED = 60, 50
TARGET, START = 0.7, 0.5
FROM = (5.0, -2.2)  # weight and bias, on the plain beside the cliff


def run(
    lags: Annotated[int, Limits(2, 1000), About("steps that the gradient goes back")] = 50,
    hidden: Annotated[int, Limits(2, 2000), About("units of each network")] = 64,
    batch: Annotated[int, Limits(1, 10_000), About("random sequences, whose gradients are averaged")] = 32,
    size: Annotated[float, Limits(0.0, 100.0), About("deviation of the inputs; large ones saturate tanh")] = 0.1,
    seed: Annotated[int, Limits(0), About("of weights and inputs")] = 0,
) -> Exhibit:
    with own_randomness(seed):
        x = size * torch.randn(batch, lags, hidden)
        norms = {name: gradient_norms(make(hidden), x) for name, make in NETWORKS.items()}
    rates = {name: float((found[-1] / found[0]) ** (1 / lags)) for name, found in norms.items()}
    plain, clipped = (descend(clip) for clip in (math.inf, CLIP))
    findings = [_recurrent_finding(norms, rates, lags), _gated_finding(rates), _cliff_finding(plain, clipped)]
    rows = [[name, f"{rates[name]:.3f}", _power(found[-1] / found[0]), _half(found)] for name, found in norms.items()]
    return Exhibit(
        "Gradients through time",
        findings,
        [_fading(norms), _cliff(plain, clipped), _course(plain, clipped)],
        tables=[Table("Untrained networks", ["network", "factor a step", f"over {lags} steps", "half is left"], rows)],
        data={"norms": {name: found.tolist() for name, found in norms.items()}, "rates": rates},
    )


def gradient_norms(layer: Recurrent, x: Tensor) -> Floats:
    """How long the gradient of the last output is at the states 0, 1, ..., T steps before it: (T + 1,).

    x: (B, T, D). The output is summed with random weights; of an LSTM's state both parts count; the mean over B.
    """
    states = [tuple(part[:, 0].requires_grad_() for part in layer.start(len(x)))]
    for t in range(x.shape[1]):
        states.append(STEPS[layer.cell](x[:, t], states[-1], layer.cells.all_weights[0]))
    answer = (states[-1][0] * torch.randn(layer.hidden)).sum()
    found = iter(torch.autograd.grad(answer, [part for state in states for part in state], materialize_grads=True))
    lengths = [torch.cat([next(found) for _ in state], 1).norm(dim=1).mean() for state in states]
    return torch.stack(lengths).flip(0).double().numpy()


def rnn(hidden: int, radius: float) -> Recurrent:
    """A vanilla RNN whose recurrent weights turn a state and make it `radius` times as long."""
    layer = Recurrent("rnn", hidden, hidden)
    _, w_hh, *biases = layer.cells.all_weights[0]
    with torch.no_grad():
        w_hh.copy_(radius * nn.init.orthogonal_(torch.empty_like(w_hh)))
        for bias in biases:
            bias.zero_()
    return layer


def _gated(cell: Cell, hidden: int, forget_bias: float | None = None) -> Recurrent:
    return Recurrent(cell, hidden, hidden, forget_bias=forget_bias)


NETWORKS: Mapping[str, Callable[[int], Recurrent]] = {
    **{f"RNN {radius}": partial(rnn, radius=radius) for radius in RADII},
    "GRU": partial(_gated, "gru"),
    **{f"LSTM, forget bias {bias:g}": partial(_gated, "lstm", forget_bias=bias) for bias in FORGET},
}
LOOKS = dict(
    zip(
        NETWORKS,
        ((ORANGE, ":"), (ORANGE, "--"), (ORANGE, "-"), (GREEN, "-"), (BLUE, ":"), (BLUE, "--"), (BLUE, "-")),
        strict=True,
    )
)


@dataclass(frozen=True)
class Walk:
    """places: (steps + 1, 2) of weight and bias; losses and lengths of the gradient at each."""

    places: Floats
    losses: Floats
    lengths: Floats


def one_unit(weight: Tensor, bias: Tensor) -> Tensor:
    """Squared error of x_t = weight * sigmoid(x_{t-1}) + bias after 50 steps, whose sigmoid is to be 0.7.

    Source: Pascanu, Mikolov and Bengio, 2013, figure 6.
    """
    x = torch.full_like(weight, START)
    for _ in range(UNROLLED):
        x = weight * x.sigmoid() + bias
    return (x.sigmoid() - TARGET).square()


def descend(clip: float) -> Walk:
    """Gradient descent from beside the cliff, with gradients longer than `clip` shortened to it."""
    place = torch.tensor(FROM, dtype=torch.float64, requires_grad=True)
    places, losses, lengths = [], [], []
    for _ in range(CLIFF_STEPS + 1):
        loss = one_unit(place[0], place[1])
        (gradient,) = torch.autograd.grad(loss, place)
        length = float(gradient.norm())
        places.append(place.tolist())
        losses.append(loss.item())
        lengths.append(length)
        with torch.no_grad():
            place -= STEP_LR * gradient * min(1.0, clip / max(length, 1e-12))
    return Walk(np.array(places), np.array(losses), np.array(lengths))


def _recurrent_finding(norms: Mapping[str, Floats], rates: Mapping[str, float], lags: int) -> str:
    each = [f"{name} multiplies it by {rate:.2f} a step" for name, rate in rates.items() if name.startswith("RNN")]
    whole = [_power(norms[name][-1] / norms[name][0]) for name in rates if name.startswith("RNN")]
    return f"The gradient on its way back: {', '.join(each)}; over {lags} steps that is {', '.join(whole)}."


def _gated_finding(rates: Mapping[str, float]) -> str:
    each = [f"at {bias:g}, {rates[f'LSTM, forget bias {bias:g}']:.2f}" for bias in FORGET]
    return (
        f"An untrained LSTM keeps, a step, what its forget gate lets through, and a little by way of h. By the bias of "
        f"that gate: {', '.join(each)}, where the gate is open by 0.50, 0.73 and 0.95. Gates learn to open further."
    )


def _cliff_finding(plain: Walk, clipped: Walk) -> str:
    return (
        f"At the cliff the gradient is up to {plain.lengths.max():.1f} long, {plain.lengths.max() / CLIP:.0f} times "
        f"what is allowed when clipped. Without clipping one step throws the bias to {plain.places[-1][1]:.1f}, "
        f"and the loss ends at {plain.losses[-1]:.3f}; with gradients clipped to {CLIP}, at {clipped.losses[-1]:.3f}."
    )


def _power(value: float) -> str:
    """A factor in words that stay short however small it is."""
    return f"{value:.2g}" if 0.01 <= value < 1000 else f"10^{math.log10(value):.0f}"


def _half(norms: Floats) -> str:
    """After how many steps half of the gradient is left."""
    below = np.flatnonzero(norms < norms[0] / 2)
    return f"after {below[0]} steps" if len(below) else "throughout"


def _fading(norms: Mapping[str, Floats]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, found in norms.items():
            colour, dash = LOOKS[name]
            axes.plot(np.arange(len(found)), found / found[0], color=colour, linestyle=dash, label=name, linewidth=1.5)
        scale(axes, "x", log=False)
        axes.set_yscale("log")
        axes.set_ylim(bottom=max(1e-12, axes.get_ylim()[0]))
        scale(axes, "y", log=True)
        axes.set(xlabel="steps back", ylabel="gradient, of what it was")
        legend(axes, columns=2)

    reading = (
        "RNN 0.8 has recurrent weights that shorten a state to 0.8 of its length. A straight line is a constant factor "
        "a step; tanh, once it saturates, takes some away."
    )
    return Chart("Length of the gradient against lag", draw(paint, 330), reading)


def _cliff(plain: Walk, clipped: Walk) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        weights, biases = np.meshgrid(np.linspace(3, 5.6, 121), np.linspace(-2.9, -1.2, 121))
        with torch.no_grad():
            heights = one_unit(torch.from_numpy(weights), torch.from_numpy(biases)).numpy()
        axes.contour(weights, biases, heights, levels=(0.005, 0.03, 0.06, 0.1, 0.2, 0.3), colors=MUTED, linewidths=0.6)
        for walk, colour, marker, name in ((plain, RED, "x", "as it is"), (clipped, BLUE, "o", "clipped")):
            axes.plot(*walk.places.T, marker=marker, color=colour, ms=3, linewidth=0.9, label=name)
        axes.plot(*FROM, "s", color=INK, ms=6)
        axes.set(xlim=(3, 5.6), ylim=(-2.9, -1.2), xlabel="recurrent weight", ylabel="bias")
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        axes.grid(False)
        legend(axes)

    reading = (
        "One unit, unrolled over 50 steps (Pascanu et al., 2013); lines of equal loss, crowded where the wall stands. "
        "From the square, the step that meets the wall leaves the drawing unless its gradient is shortened."
    )
    return Chart("A cliff", draw(paint, 300), reading)


def _course(plain: Walk, clipped: Walk) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for walk, colour, name in ((plain, RED, "as it is"), (clipped, BLUE, "clipped")):
            axes.plot(walk.losses, color=colour, label=name)
        scale(axes, "x", log=False)
        axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
        legend(axes)

    return Chart("Descent with and without clipping", draw(paint, 220), "Both begin at the square, with the same rate.")
