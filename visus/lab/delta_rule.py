"""How does an error at the output become an error of a hidden unit?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ..circuit.graph import Circuit
from ..circuit.trace import trace
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, draw, scale
from ..report.figures.chart import Chart
from ._drawing import drawn
from ._exhibit import Exhibit

Floats = NDArray[np.float64]
CASES = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # exclusive or
WANTED = np.array([0.0, 1.0, 1.0, 0.0])
HIDDEN = 3
QUICK = {"passes": 50}


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def deltas(W: Floats, b: Floats, v: Floats, c: float, x: Floats, wanted: float) -> tuple[Floats, float, Floats, float]:
    """The delta rule by hand, for E = 1/2 (wanted - y)^2 and sigmoid units: (hidden deltas, output delta, h, y).

    Output: delta = (wanted - y) y (1 - y). Hidden unit j: delta_j = h_j (1 - h_j) v_j delta. A weight then moves by
    lr times the delta behind it times what came in before it. W: (H, 2), b, v: (H,), x: (2,).
    """
    h = sigmoid(W @ x + b)
    y = float(sigmoid(v @ h + c))
    output = (wanted - y) * y * (1 - y)
    return h * (1 - h) * v * output, output, h, y


def run(
    lr: Annotated[float, Limits(1e-12), About("learning rate")] = 2.0,
    passes: Annotated[int, Limits(1, 100_000), About("passes over the four cases, one update a case")] = 4000,
    seed: Annotated[int, Limits(0), About("of the starting weights")] = 0,
) -> Exhibit:
    random = np.random.default_rng(seed)
    W, b, v, c = random.normal(size=(HIDDEN, 2)), np.zeros(HIDDEN), random.normal(size=HIDDEN), 0.0
    circuit = _circuit(W, v)
    apart, errors = 0.0, list[float]()
    for _ in range(passes):
        total = 0.0
        for x, wanted in zip(CASES, WANTED, strict=True):
            hidden, output, h, y = deltas(W, b, v, c, x, wanted)
            if not errors:  # in the first pass, against autograd
                apart = max(apart, _off_by(W, b, v, c, x, wanted, hidden, output, h))
            W, b, v, c = W + lr * np.outer(hidden, x), b + lr * hidden, v + lr * output * h, c + lr * output
            total += 0.5 * (wanted - y) ** 2
        errors.append(total)
    said = [deltas(W, b, v, c, x, wanted)[3] for x, wanted in zip(CASES, WANTED, strict=True)]
    n_right = sum((y > 0.5) == (wanted > 0.5) for y, wanted in zip(said, WANTED, strict=True))
    findings = [
        "Output: δ = (t − y) y (1 − y). Hidden unit j: δⱼ = hⱼ (1 − hⱼ) vⱼ δ. A weight moves by lr δ times its input.",
        f"That is minus the gradient of ½ Σ (t − y)²: the first four updates differ from autograd's by {apart:.1g}.",
        f"{passes:,} passes over exclusive or brought the error from {errors[0]:.3f} to {errors[-1]:.2g}.",
        f"{n_right} of 4 cases are right; a single layer can have 3.",
    ]
    reading = (
        "The gradient at the gate σ of the output is y − t; behind it stands −δ, and each path back multiplies on."
    )
    charts = [drawn(circuit, "Two inputs, one hidden unit, one output", reading), _errors(errors)]
    return Exhibit(
        "The delta rule", findings, charts, data={"errors": errors[:: max(1, passes // 100)], "outputs": said}
    )


def _circuit(W: Floats, v: Floats) -> Circuit:
    """One path of the network as a circuit, for the case (0, 1) -> 1."""

    def error(x0: Tensor, w0: Tensor, x1: Tensor, w1: Tensor, v: Tensor, t: Tensor) -> Tensor:
        h = torch.sigmoid(w0 * x0 + w1 * x1)
        return 0.5 * (torch.sigmoid(v * h) - t) ** 2

    return trace(error, x0=0.0, w0=float(W[0, 0]), x1=1.0, w1=float(W[0, 1]), v=float(v[0]), t=1.0)


def _off_by(
    W: Floats, b: Floats, v: Floats, c: float, x: Floats, wanted: float, hidden: Floats, output: float, h: Floats
) -> float:
    """The largest difference between the delta rule's updates and minus autograd's gradients."""
    weights = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in (W, b, v, c)]
    inputs = torch.tensor(x)
    y = torch.sigmoid(weights[2] @ torch.sigmoid(weights[0] @ inputs + weights[1]) + weights[3])
    (0.5 * (wanted - y) ** 2).backward()
    updates = (np.outer(hidden, x), hidden, output * h, np.array(output))
    return max(
        float((torch.tensor(update) + torch.as_tensor(weight.grad)).abs().max())
        for update, weight in zip(updates, weights, strict=True)
    )


def _errors(errors: list[float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(1 + np.arange(len(errors)), errors, color=BLUE)
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        axes.set(xlabel="passes over the four cases")

    return Chart("Error on exclusive or", draw(paint, 230), "½ Σ (t − y)² over the four cases, an update after each.")
