"""What a learning-rate range test saw: the loss against the rate, and where it was read."""

import numpy as np
from matplotlib.figure import Figure

from .canvas import BLUE, GREEN, MUTED, ORANGE, RED, draw, legend, scale
from .chart import Chart, Floats


def rate(
    rates: Floats, losses: Floats, curve: Floats, steepest: float, unstable: float | None, proposal: float | None
) -> Chart:
    """losses: (seeds, n) over rates (n,), NaN after a seed stopped. curve: their smoothed mean, as far as all went."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row in losses:
            axes.plot(rates, row, color=MUTED, linewidth=0.7, alpha=0.5)
        axes.plot(rates[: len(curve)], curve, color=BLUE, label="mean, smoothed")
        axes.axvline(steepest, color=GREEN, linestyle=":", label=f"steepest {steepest:.2g}")
        if unstable is not None:
            axes.axvline(unstable, color=RED, linestyle="--", label=f"blows up {unstable:.2g}")
        if proposal is not None:
            axes.axvline(proposal, color=ORANGE, label=f"proposed {proposal:.2g}")
        seen = losses[np.isfinite(losses)]
        low, high = float(seen.min(initial=curve.min())), float(curve.max(initial=0))
        axes.set_ylim(max(0.0, low - 0.1 * (high - low)), high + 0.25 * (high - low) + 1e-9)
        scale(axes, "x", log=True)
        scale(axes, "y", log=False)
        axes.set(xlabel="learning rate", ylabel="loss")
        legend(axes, columns=2)

    reading = (
        "Each grey line is one seed, whose rate rose with every step. Too small a rate changes nothing, a good one "
        "lets the loss fall, too large a one throws it up, where it may leave the drawing."
    )
    return Chart("Loss against learning rate", draw(paint, 260), reading)
