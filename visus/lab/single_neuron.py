"""What is one neuron good for?"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data import toys
from ..losses.attributes import attribute_hinge, attribute_logistic
from ..losses.cross_entropy import cross_entropy
from ..losses.hinge import multiclass_hinge
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ..report.figures.regions import compared
from ._exhibit import Exhibit

COLOURS = {"softmax": BLUE, "SVM": ORANGE}
QUICK = {"steps": 40}


@dataclass(frozen=True)
class Neuron:
    """f = w x + b. lengths: of w after each step."""

    w: Tensor
    b: Tensor
    lengths: list[float]

    def scores(self, x: Tensor) -> Tensor:
        """(N, 2) -> (N,)."""
        return x @ self.w + self.b

    def says(self, points: np.ndarray) -> np.ndarray:
        found: np.ndarray = (self.scores(torch.from_numpy(points).double()) > 0).long().numpy()
        return found


def run(
    n: Annotated[int, Limits(10, 10_000), About("points")] = 200,
    steps: Annotated[int, Limits(2), About("steps with the examples, and as many without")] = 400,
    lr: Annotated[float, Limits(1e-6, 1.0), About("learning rate")] = 0.3,
    strength: Annotated[float, Limits(0.0, 1.0), About("lambda of the regularisation 1/2 lambda w**2")] = 0.02,
    seed: Annotated[int, Limits(0), About("of the points")] = 0,
) -> Exhibit:
    points, labels = toys.make("blobs", 3 * n // 2, seed)
    points, labels = points[labels < 2], labels[labels < 2]  # two of its three clouds
    x, truth = torch.from_numpy(points).double(), torch.from_numpy(labels).double()
    found = {kind: learn(x, truth, kind, lr, strength, steps) for kind in COLOURS}
    learned, ended = found["softmax"].lengths[steps], found["softmax"].lengths[-1]
    expected = learned * (1 - lr * strength) ** steps
    right = {kind: float((neuron.says(points) == labels).mean()) for kind, neuron in found.items()}
    same = float((found["softmax"].says(points) == found["SVM"].says(points)).mean())
    findings = [
        (
            f"Sigmoid and cross-entropy on one score f are a softmax over 0 and f: losses and gradients differ "
            f"by {_apart(found['softmax'].scores(x), truth, 'softmax'):.1g} at most."
        ),
        (
            "The hinge on one score is the SVM of two classes: losses and gradients differ by "
            f"{_apart(found['SVM'].scores(x), truth, 'SVM'):.1g} at most."
        ),
        (
            f"As a softmax the neuron gets {right['softmax']:.1%} of {len(labels)} points right, as an SVM "
            f"{right['SVM']:.1%}; they say the same of {same:.1%}."
        ),
        (
            "Regularisation is gradual forgetting: once the examples stop, every step multiplies w by 1 - lr lambda = "
            f"{1 - lr * strength:g}; after {steps} steps its length went from {learned:.3g} to {ended:.3g} "
            f"(the formula says {expected:.3g})."
        ),
        (
            f"Half of what was learned is forgotten every {_half_life(lr * strength)} steps; the bias is not, since it "
            "is not regularised."
        ),
    ]
    charts = [
        _lengths(found, steps),
        compared({k: v.says for k, v in found.items()}, points, labels, "Where the neuron says yes"),
    ]
    return Exhibit("One neuron", findings, charts, data={"accuracy": right, "learned": learned, "forgotten": ended})


def learn(x: Tensor, truth: Tensor, kind: str, lr: float, strength: float, steps: int) -> Neuron:
    """Descend loss and regularisation for `steps` steps, then the regularisation alone for as many."""
    w, b = torch.zeros(2, dtype=x.dtype), torch.zeros((), dtype=x.dtype)
    lengths = [0.0]
    for step in range(2 * steps):
        slope = _slope(x @ w + b, truth, kind) / len(x) if step < steps else torch.zeros_like(truth)
        w, b = w - lr * (x.T @ slope + strength * w), b - lr * slope.sum()
        lengths.append(float(w.norm()))
        if step + 1 == steps:
            best = w, b
    return Neuron(*best, lengths)


def _slope(scores: Tensor, truth: Tensor, kind: str) -> Tensor:
    """d loss / d score of each example (N,): sigma(f) - y, or -y where the margin is not kept with y = +-1."""
    if kind == "softmax":
        return scores.sigmoid() - truth
    signs = 2 * truth - 1
    return torch.where(signs * scores < 1, -signs, 0.0)


def _apart(scores: Tensor, truth: Tensor, kind: str) -> float:
    """How far loss and gradient of one score are from those of two classes whose scores differ by it."""
    scores = scores.detach().requires_grad_()
    two = torch.stack([torch.zeros_like(scores), scores], 1)
    if kind == "softmax":
        losses = attribute_logistic(scores[:, None], truth[:, None]), cross_entropy(two, truth.long())
    else:
        losses = attribute_hinge(scores[:, None], 2 * truth[:, None] - 1), multiclass_hinge(two, truth.long())
    slopes = [torch.autograd.grad(loss, scores, retain_graph=True)[0] for loss in losses]
    apart = [(losses[0] - losses[1]).detach().abs(), (slopes[0] - slopes[1]).abs().max()]
    return float(torch.stack(apart).max())


def _half_life(share: float) -> str:
    return f"{np.log(0.5) / np.log1p(-share):.0f}" if 0 < share < 1 else "infinitely many"


def _lengths(found: dict[str, Neuron], steps: int) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, neuron in found.items():
            axes.plot(neuron.lengths[1:], color=COLOURS[name], label=name)
        axes.axvline(steps - 1, color=MUTED, linewidth=0.8)
        axes.set(xlabel="step", ylabel="length of w")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        legend(axes)

    reading = (
        "At the grey line the examples stop and only the regularisation goes on: a straight fall, the same for both."
    )
    return Chart("Learning, then forgetting", draw(paint, 240), reading)
