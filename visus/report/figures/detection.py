"""Charts of a detector: average precision of classes, precision over recall, what mistakes cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ..wording import percent, plain, short
from .canvas import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, draw
from .canvas import percent as in_percent
from .chart import Chart, Floats

MOST_BARS = 24  # classes beyond are in the table
DASHES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)))
HUES = (BLUE, ORANGE, GREEN, PURPLE, RED, INK, MUTED)


@dataclass(frozen=True)
class ClassBar:
    """Average precision of a class with the ends of its interval, NaN if unknown."""

    name: str
    value: float
    low: float
    high: float


PRECISION = "Average precision of each class"
OF_PRECISION = (
    "The share of a class's objects that is found without false alarms (average precision at an overlap of .5); "
    "whiskers are 95 % intervals, by drawing pictures again."
)


def class_bars(bars: Sequence[ClassBar], title: str = PRECISION, reading: str = OF_PRECISION) -> Chart:
    """A bar a class, the best first; of many classes the best and the worst. reading: what the bars are."""
    shown = list(bars)
    if len(shown) > MOST_BARS:
        shown = [*shown[: MOST_BARS // 2], *shown[-MOST_BARS // 2 :]]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        rows = np.arange(len(shown))[::-1]
        axes.barh(rows, [np.nan_to_num(bar.value) for bar in shown], height=0.6, color=BLUE, alpha=0.75, linewidth=0)
        for row, bar in zip(rows, shown, strict=True):
            if np.isfinite(bar.low):
                axes.plot([bar.low, bar.high], [row, row], color=INK, linewidth=1.2, marker="|", ms=6, mew=1.2)
            end = float(np.nanmax([bar.value, bar.high, 0]))
            axes.annotate(percent(bar.value), (end, row), (5, 0), textcoords="offset points", va="center", color=INK)
        axes.set_yticks(rows, [short(bar.name, 16) for bar in shown], color=INK)
        axes.set(xticks=[], xlim=(0, 1.22), ylim=(-0.6, len(shown) - 0.4))
        axes.spines[["bottom", "left"]].set_visible(False)

    if len(shown) < len(bars):
        reading += f" The best and the worst {MOST_BARS // 2} of {len(bars)} classes; all are in the table."
    return Chart(title, draw(paint, 22 * len(shown) + 14), reading)


def curves(lines: Sequence[tuple[str, Floats]], n_classes: int) -> Chart:
    """Precision by recall at an overlap of .5, a line a class: (name, (101,))."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, line), hue, dash in zip(lines, HUES, DASHES, strict=False):
            axes.plot(np.linspace(0, 1, len(line)), line, color=hue, linestyle=dash, label=short(name, 16))
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share of the objects found (recall)")
        axes.set_title("share of the answers that are right (precision)")
        in_percent(axes, "x")
        in_percent(axes, "y")
        axes.legend(loc="best")

    reading = (
        "Each line begins with the surest answers; the further right it stays high, the better. It ends where no more "
        "is found."
    )
    if len(lines) < n_classes:
        reading += f" The {len(lines)} commonest of {n_classes} classes."
    return Chart("Precision over recall", draw(paint, 250), reading)


def mistakes(kinds: Sequence[tuple[str, int, float]]) -> Chart:
    """(kind in words, how many, mAP at .5 that it costs), a bar each."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(False)
        reach = max(*(cost for _, _, cost in kinds), 0.01)
        for row, (name, count, cost) in zip(reversed(range(len(kinds))), kinds, strict=True):
            axes.barh(row, max(cost, 0), 0.4, color=ORANGE, alpha=0.8, linewidth=0)
            axes.text(0, row + 0.28, name, va="bottom", color=INK)
            told = f"{100 * max(cost, 0):.1f} points, {plain(count)} times"
            axes.text(max(cost, 0) + 0.02 * reach, row, told, va="center", color=MUTED)
        axes.set(xlim=(0, reach * 1.7), ylim=(-0.4, len(kinds) - 0.1))
        axes.set_axis_off()

    reading = (
        "By how many points mAP@.5 would rise if all mistakes of this kind were put right; the longest bar is what to "
        "work on first. All answers count here, also those too unsure to be told of. After TIDE (Bolya et al., 2020)."
    )
    return Chart("What the mistakes cost", draw(paint, 38 * len(kinds) + 10), reading)
