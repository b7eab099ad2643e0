"""The surprise of a language model while it learns, against that of counting."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from .canvas import BLUE, CARD, INK, MUTED, ORANGE, draw, legend, scale
from .chart import Chart, Line

GAP = 0.075  # of the drawing's height: names of baselines that are nearer would cover each other
BEST = "best"


def nats(validation: Line, train: Line | None, baselines: Mapping[str, float], x_name: str) -> Chart:
    """Nats of each evaluation, the best ringed; baselines: nats by name, dashed across the drawing."""
    seen = np.concatenate([line.y[np.isfinite(line.y)] for line in (validation, train) if line is not None])
    # what a fresh network starts from would press all that matters together
    top = max(float(np.quantile(seen, 0.9)) if seen.size else 0.0, min(baselines.values(), default=0.0) * 1.35)
    low = min([float(seen.min()) if seen.size else top, *baselines.values()])
    room = max(top - low, 1e-6)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_ylim(low - 0.08 * room, top + 0.08 * room)
        for name, value in _apart(baselines, low, top, GAP * 1.16 * room).items():
            axes.axhline(value, color=MUTED, linewidth=1, linestyle="--")
            axes.annotate(
                name,
                (1, value),
                (4, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                color=INK,
            )
        for line, label, colour, style in ((train, "training", ORANGE, "--"), (validation, "validation", BLUE, "-")):
            if line is not None:
                axes.plot(line.x, line.y, style, color=colour, label=label, marker="o" if len(line.x) == 1 else "")
        if np.isfinite(validation.y).any():
            at = int(np.nanargmin(validation.y))
            axes.plot(validation.x[at], validation.y[at], "o", mfc=CARD, mec=BLUE, mew=1.8, ms=7, label=BEST)
        scale(axes, "y", log=False)
        scale(axes, "x", log=False)
        axes.set_xlabel(x_name)
        legend(axes)

    reading = (
        "Lower is better. Dashed: models that count how often each symbol followed the last ones (Kneser-Ney); a "
        "network that stays above them has learned less than a table of counts."
    )
    return Chart("Nats per character", draw(paint, 250), reading)


def _apart(baselines: Mapping[str, float], low: float, top: float, gap: float) -> dict[str, float]:
    """Those that lie in the drawing, the lowest first, without those too near the one below."""
    kept: dict[str, float] = {}
    for name, value in sorted(baselines.items(), key=lambda pair: pair[1]):
        if value <= top and (not kept or value - max(kept.values()) >= gap):
            kept[name] = value
    return kept
