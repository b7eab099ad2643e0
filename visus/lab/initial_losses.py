"""What must the loss be before anything was learned?"""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..losses.cross_entropy import cross_entropy
from ..losses.hinge import multiclass_hinge
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import pictures

CLASSES = (2, 10, 100, 1000)
SPREADS = tuple(float(s) for s in np.logspace(-4, 1, 21))  # deviations of the weights that are tried
QUICK = {"trials": 1}
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"softmax": cross_entropy, "SVM": multiclass_hinge}


def run(
    data: Annotated[str, About("the named set that a fresh linear model reads")] = "digits",
    trials: Annotated[int, Limits(1, 100), About("fresh models at each size of weights")] = 5,
    seed: Annotated[int, Limits(0), About("of the weights")] = 0,
) -> Exhibit:
    x, labels, n_classes = _examples(data)
    curves = {name: _by_spread(loss, x, labels, n_classes, trials, seed) for name, loss in LOSSES.items()}
    blind = {"softmax": math.log(n_classes), "SVM": n_classes - 1.0}
    findings = [
        (
            f"Weights of deviation {SPREADS[0]:g} on {data}: softmax {curves['softmax'][0]:.4f}, expected ln "
            f"{n_classes} = "
            f"{blind['softmax']:.4f}; SVM {curves['SVM'][0]:.4f}, expected {n_classes} − 1 = {blind['SVM']:g}."
        ),
        (
            f"At deviation {SPREADS[-1]:g} they are {curves['softmax'][-1]:.3g} and {curves['SVM'][-1]:.3g}: a first "
            "loss "
            "far above the expected one means weights, inputs or labels are not what they should be."
        ),
        *_scale_matters_not(),
    ]
    tables = [
        Table(
            "All scores equal",
            ["classes K", "softmax, ln K", "SVM, K − 1", "squared hinge, K − 1"],
            [[str(k), *(f"{loss:.4f}" for loss in all_equal(k))] for k in CLASSES],
            "Measured on scores that are all 0. The smallest loss of all three is 0, and none has a largest.",
        )
    ]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, losses), colour in zip(curves.items(), (BLUE, ORANGE), strict=True):
            axes.plot(SPREADS, losses, color=colour, label=name)
            axes.axhline(blind[name], color=MUTED, linestyle=":", linewidth=1)
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        axes.set(xlabel="deviation of the starting weights", ylabel="loss before learning")
        legend(axes)

    reading = "Dotted: what a model that ignores its input scores. Small weights start there, large ones far above."
    chart = Chart("The loss of a fresh linear model", draw(paint, 230), reading)
    return Exhibit("The loss before learning", findings, [chart], tables=tables, data={"curves": curves})


def all_equal(n_classes: int) -> list[float]:
    """Softmax, hinge and squared hinge where every class scores the same."""
    scores, labels = torch.zeros(1, n_classes), torch.zeros(1, dtype=torch.long)
    losses = (cross_entropy, multiclass_hinge, partial(multiclass_hinge, squared=True))
    return [float(loss(scores, labels)) for loss in losses]


def _scale_matters_not() -> list[str]:
    """W and 2 W are both without hinge loss; softmax tells them apart."""
    scores, label = torch.tensor([[4.0, 1.0, 0.0]]), torch.tensor([0])
    hinges = [float(multiclass_hinge(factor * scores, label)) for factor in (1, 2)]
    soft = [float(cross_entropy(factor * scores, label)) for factor in (1, 2)]
    return [
        (
            f"W is not the only one without loss: scores (4, 1, 0) and their double have the hinge loss {hinges[0]:g} "
            "and "
            f"{hinges[1]:g}, softmax {soft[0]:.4f} and {soft[1]:.4f}. A penalty on the weights chooses among them."
        )
    ]


def _examples(data: str) -> tuple[Tensor, Tensor, int]:
    """Validation pictures (N, D), mean 0 and deviation 1, with labels."""
    prepared = pictures(data)
    images, labels = (torch.cat(parts) for parts in zip(*prepared.part("validation", 500), strict=True))
    x = images.float().flatten(1)
    return (x - x.mean()) / x.std(), labels, prepared.n_classes


def _by_spread(
    loss: Callable[[Tensor, Tensor], Tensor], x: Tensor, labels: Tensor, n_classes: int, trials: int, seed: int
) -> list[float]:
    torch.manual_seed(seed)
    fresh = [torch.randn(x.shape[1], n_classes) for _ in range(trials)]
    return [float(np.mean([float(loss(x @ (spread * w), labels)) for w in fresh])) for spread in SPREADS]
