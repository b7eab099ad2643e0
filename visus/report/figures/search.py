"""The search: one chart a setting, each trial a mark."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ..measures import SHARES, Scale
from ..wording import short
from .canvas import BLUE, INK, MUTED, ORANGE, PURPLE, RED, draw, legend, percent
from .canvas import scale as set_scale
from .chart import Chart

_ROUNDS = (("o", MUTED), ("s", BLUE), ("D", ORANGE), ("^", PURPLE))  # marker and colour, taken in turn


@dataclass(frozen=True)
class Trial:
    """One trial as one chart shows it: its value of one setting, its score (NaN if it diverged), its round from 1."""

    value: float | str
    score: float
    round: int


def search(
    name: str,
    trials: Sequence[Trial],
    log: bool = False,
    bounds: tuple[float, float] | None = None,
    scale: Scale = SHARES,
) -> Chart:
    """Score over one searched setting: rounds by marker, diverged trials along the bottom, the best ringed.

    `bounds` are the ends of the range searched last, drawn as dotted lines. Values that are words sit side by side.
    """
    words = sorted({trial.value for trial in trials if isinstance(trial.value, str)})
    scored = [trial for trial in trials if np.isfinite(trial.score)]
    lost = [trial for trial in trials if not np.isfinite(trial.score)]

    def place(trial: Trial) -> float:
        if not isinstance(trial.value, str):
            return trial.value
        peers = [other for other in trials if other.value == trial.value]
        at = next(i for i, other in enumerate(peers) if other is trial)
        return words.index(trial.value) + 0.5 * (
            at / max(len(peers) - 1, 1) - 0.5
        )  # spread, so that none hides another

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number in sorted({trial.round for trial in scored}):
            mine = [trial for trial in scored if trial.round == number]
            marker, colour = _ROUNDS[(number - 1) % len(_ROUNDS)]
            at = [place(trial) for trial in mine], [trial.score for trial in mine]
            axes.plot(*at, marker, color=colour, ms=5.5, alpha=0.85, mew=0, label=f"round {number}")
        if lost:
            at = [place(trial) for trial in lost], [0.05] * len(lost)
            axes.plot(*at, "x", color=RED, ms=6, mew=1.6, transform=axes.get_xaxis_transform(), label="diverged")
        if scored:
            best = max(scored, key=lambda trial: trial.score)
            axes.plot(place(best), best.score, "o", mfc="none", mec=INK, mew=1.6, ms=11)
            low = min(trial.score for trial in scored)
            room = max(best.score - low, 0.02)
            axes.set_ylim(low - (0.2 if lost else 0.1) * room, best.score + 0.12 * room)
        else:
            axes.set_yticks([])
        if words:
            axes.set_xticks(range(len(words)), [short(word, max(48 // len(words), 5)) for word in words])
            axes.set_xlim(-0.6, len(words) - 0.4)
        else:
            for bound in bounds or ():
                axes.axvline(bound, color=MUTED, linewidth=1, linestyle=":")
            set_scale(axes, "x", log)
        if scored and scale is SHARES:
            percent(axes, "y")
        elif scored:
            axes.yaxis.set_major_formatter(lambda value, _: f"{scale.axis(value):.3g}")
        axes.set_xlabel(short(name, 40))
        legend(axes, columns=4)

    reading = "Each mark is one trial, the ring the best: it should sit on a hill"
    reading += (
        " of its own column." if words else " inside the dotted ends of the range searched last, not at one of them."
    )
    if scale.factor < 0:
        reading += " Fewer nats are better and stand higher."
    if lost:
        reading += f" Crosses at the bottom: {len(lost)} that diverged."
    return Chart(f"{scale.name.capitalize()} over {short(name, 40)}", draw(paint, 225), reading)
