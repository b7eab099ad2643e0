"""What does whitening do to the noise?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..features.pca import Components, principal, project, whiten
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._pictures import few, of_each_class, shown, stretched

EPS = (1e-5, 1e-3, 1e-1)
COLOURS = (RED, ORANGE, GREEN)
QUICK = {"n": 300}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    n: Annotated[int, Limits(100), About("pictures at most")] = 3000,
    noise: Annotated[float, Limits(1e-4, 0.5), About("deviation added to every pixel, of full brightness")] = 0.03,
    seed: Annotated[int, Limits(0), About("of the noise")] = 0,
) -> Exhibit:
    prepared = few(data, n)
    rows = prepared.images(prepared.rows("train")).flatten(1).double() / 255
    added = noise * torch.randn(rows.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    components = principal(rows + added)
    before = to_noise(rows - rows.mean(0), added)
    after = {eps: to_noise(*white_parts(rows, added, components, eps)) for eps in EPS}
    raw = components.variances
    spread = {eps: raw / (raw + eps) for eps in EPS}
    white = spread[EPS[0]]
    findings = [
        (
            f"Before, the variance along the first of {len(raw):,} components is {float(raw[0] / raw[-1]):,.0f} times "
            f"that along the last; whitened with eps = {EPS[0]:g} it is {float(white[0] / white[-1]):.3g} times."
        ),
        (
            f"Noise of {noise:.0%} of full brightness: what the pictures differ by has {before:,.0f} times its "
            "variance in the pixels; whitened, "
            + ", ".join(f"{value:.3g} times with eps = {eps:g}" for eps, value in after.items())
            + "."
        ),
        _verdict(after),
    ]
    some = of_each_class(prepared)
    values = some.flatten(1).double() / 255
    values = values + noise * torch.randn(values.shape, generator=torch.Generator().manual_seed(seed + 1)).double()
    plates = [Plate("Pictures with the noise", shown(values.view(-1, *prepared.image)), "What is whitened.")]
    for eps in EPS:
        turned = whiten(project(values, components), components, eps) @ components.axes.T
        plates.append(
            Plate(
                f"Whitened, eps = {eps:g}",
                shown(stretched(turned.view(-1, *prepared.image))),
                "Turned back to pixels, so that they can be looked at; grey is zero.",
            )
        )
    numbers = {"before": before, "after": {str(eps): value for eps, value in after.items()}}
    return Exhibit("Whitening", findings, [_spectrum(raw, spread)], plates, data=numbers)


def white_parts(rows: Tensor, added: Tensor, components: Components, eps: float) -> tuple[Tensor, Tensor]:
    """What whitening, which is linear, makes of the pictures (N, D) and of the noise in them, each (N, D)."""
    pictures = whiten(project(rows, components), components, eps)
    return pictures - pictures.mean(0), whiten(added @ components.axes, components, eps)


def to_noise(signal: Tensor, noise: Tensor) -> float:
    """How many times the variance of the noise the signal has."""
    return float(signal.square().sum() / noise.square().sum())


def _verdict(after: dict[float, float]) -> str:
    best = max(after, key=lambda eps: after[eps])
    word = "A larger" if best == max(after) else "No larger"
    return (
        f"{word} eps kept the noise quietest here: directions whose variance is below eps stay small, and the last "
        "ones hold little but noise."
    )


def _spectrum(raw: Tensor, spread: dict[float, Tensor]) -> Chart:
    places = np.arange(1, len(raw) + 1)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(places, raw.numpy(), color=MUTED, label="before")
        for (eps, values), colour in zip(spread.items(), COLOURS, strict=True):
            axes.plot(places, values.numpy(), color=colour, label=f"eps {eps:g}")
        axes.axhline(1, color=BLUE, linewidth=0.6)
        axes.set(xlabel="component", ylabel="variance")
        axes.set_ylim(float(raw[raw > 1e-9].min()) / 2, float(raw[0]) * 2 + 2)
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        legend(axes, columns=2)

    reading = "Whitened without an eps every component has variance 1, the faintest too; eps lets those sink again."
    return Chart("Variance along each component", draw(paint, 260), reading)
