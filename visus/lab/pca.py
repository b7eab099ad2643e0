"""How many numbers does a picture need?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure

from ..features.pca import Components, principal, project, reconstruct
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, draw, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._pictures import few, of_each_class, shown, stretched

SMALL, LARGE = (2, 5, 10, 20), (10, 50, 144)  # components, for pictures below and above a thousand values
FIRST = 12  # components that are shown
QUICK = {"n": 300}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    n: Annotated[int, Limits(100), About("pictures at most")] = 4000,
    seed: Annotated[int, Limits(0), About("of the division into parts")] = 0,
) -> Exhibit:
    prepared = few(data, n, seed)
    image = prepared.image
    learnt = prepared.images(prepared.rows("train")).flatten(1).double() / 255
    unseen = prepared.images(prepared.rows("validation")).flatten(1).double() / 255
    D = learnt.shape[1]
    components = principal(learnt)
    kept = (components.variances.cumsum(0) / components.variances.sum()).numpy()
    counts = [k for k in (LARGE if D >= 1000 else SMALL) if k <= D]
    errors = {k: error(unseen, components, k) for k in counts}
    alone = float((unseen - components.mean).square().mean().sqrt())
    findings = [
        f"{data}: {k} of {D:,} numbers keep {kept[k - 1]:.1%} of the variance; pictures not learned from come back "
        f"{errors[k]:.1%} of full brightness off a pixel (the mean picture alone: {alone:.1%})."
        for k in counts
    ]
    half, most = (int(np.searchsorted(kept, share)) + 1 for share in (0.5, 0.99))
    findings.append(f"Half of the variance lies along {half} directions, 99 % along {most}.")
    some = of_each_class(prepared)
    rows = some.flatten(1).double() / 255
    axes = components.axes.T[:FIRST].reshape(-1, *image)
    plates = [
        Plate(
            "The first components",
            shown(stretched(axes)),
            "Grey is zero. A picture is the mean plus so much of each; below, its share of the variance.",
            [f"{share:.1%}" for share in (components.variances[:FIRST] / components.variances.sum()).tolist()],
        ),
        Plate("One picture of each class", shown(some), "As they are."),
        *(
            Plate(
                f"The same from {k} numbers",
                shown(reconstruct(project(rows, first(components, k)), first(components, k)).view(-1, *image)),
                f"The mean picture and {k} components, {kept[k - 1]:.1%} of the variance.",
            )
            for k in counts
        ),
    ]
    chart = _curve(kept, counts)
    numbers = {"kept": [float(kept[k - 1]) for k in counts], "error": list(errors.values()), "counts": counts}
    return Exhibit("Principal components", findings, [chart], plates, data={**numbers, "half": half, "most": most})


def first(components: Components, k: int) -> Components:
    """The k largest of them."""
    return Components(components.mean, components.axes[:, :k], components.variances[:k])


def error(rows: torch.Tensor, components: Components, k: int) -> float:
    """Root mean squared difference between rows (N, D) and what k components make of them."""
    largest = first(components, k)
    return float((reconstruct(project(rows, largest), largest) - rows).square().mean().sqrt())


def _curve(kept: np.ndarray, counts: list[int]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(np.arange(1, len(kept) + 1), kept, color=BLUE)
        for k in counts:
            axes.plot([k, k], [0, kept[k - 1]], color=MUTED, linewidth=0.8)
            axes.plot(k, kept[k - 1], "o", color=BLUE)
        axes.set(xlabel="components", ylabel="variance kept", ylim=(0, 1.03))
        scale(axes, "x", log=True)
        percent(axes, "y")

    reading = "Where the curve is flat already, further components hold little but noise."
    return Chart("What the largest components keep", draw(paint, 230), reading)
