"""What is left of the accuracy as pictures are changed more and more."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ...metrics.intervals import wilson
from .canvas import BLUE, GREEN, MUTED, ORANGE, PURPLE, RED, draw, legend, percent
from .chart import Chart

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED)
MARKERS = "osD^v"
CONTROL = "noise"


def curve(epsilons: Sequence[float], standing: Mapping[str, Sequence[int]], n: int, norm: str) -> Chart:
    """standing: of each attack, how many of n pictures are still named rightly at each of `epsilons`, 0 the first."""
    shown = np.asarray(epsilons, dtype=float) * (255 if norm == "linf" else 1)
    x = np.arange(len(shown))  # evenly spaced: each is about twice the one before

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        others = [name for name in standing if name != CONTROL]
        looks = {name: (c, m) for name, c, m in zip(others, COLOURS * 9, MARKERS * 9, strict=False)}
        for name, counts in standing.items():
            colour, marker = looks.get(name, (MUTED, ""))
            low, high = np.array([wilson(count, n) for count in counts]).T
            axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
            style = "--" if name == CONTROL else "-"
            axes.plot(x, np.asarray(counts) / max(1, n), style, color=colour, marker=marker, ms=4, label=name)
        axes.set_ylim(0, 1.02)
        axes.set_xticks(x, [f"{value:.3g}" for value in shown])
        axes.set_xlabel("epsilon, in grey levels of 255" if norm == "linf" else "epsilon, as L2 length")
        percent(axes, "y")
        legend(axes, columns=3 if max(map(len, standing)) < 10 else 2)

    reading = (
        "Accuracy on pictures changed by at most epsilon; bands are 95 % intervals. A picture counts at an epsilon "
        "only if it stood all smaller ones."
    )
    if CONTROL in standing:
        reading += " Dashed grey is the control: random changes of the same size."
    return Chart("Accuracy under attack", draw(paint, 250), reading)


def corrupted(accuracy: Mapping[str, Sequence[float]], clean: float) -> Chart:
    """accuracy: of each change as the world makes it, by severity from 1 on; what hurts most is the first row."""
    names = sorted(accuracy, key=lambda name: float(np.mean(accuracy[name])))

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        y = np.arange(len(names))[::-1]
        low = [min(accuracy[name]) for name in names]
        high = [max(accuracy[name]) for name in names]
        axes.hlines(y, low, high, color=BLUE, alpha=0.35, linewidth=6)
        axes.plot([np.mean(accuracy[name]) for name in names], y, "o", color=BLUE, ms=6)
        axes.axvline(clean, color=MUTED, linestyle="--", linewidth=1)
        axes.set_yticks(y, names)
        axes.set_xlim(0, 1.02)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        percent(axes, "x")

    reading = (
        "Accuracy on pictures changed as the world changes them: a bar from the hardest of five severities to the "
        "easiest, a point at their mean. Dashed: unchanged pictures."
    )
    return Chart("Accuracy on changed pictures", draw(paint, 60 + 22 * len(names)), reading)
