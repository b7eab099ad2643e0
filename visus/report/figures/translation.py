"""Translations by the length of the sentence."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from .canvas import BLUE, MUTED, draw, scale
from .chart import Chart


def by_length(groups: Sequence[tuple[int, int, float, int]]) -> Chart:
    """BLEU by the number of source words. groups: first and last length, BLEU, number of sentences."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        values = [bleu for _, _, bleu, _ in groups]
        axes.bar(range(len(groups)), values, 0.6, color=BLUE, alpha=0.75, linewidth=0)
        for place, (_, _, bleu, n) in enumerate(groups):
            axes.annotate(f"{n}", (place, bleu), (0, 3), textcoords="offset points", ha="center", color=MUTED)
        scale(axes, "y", log=False)
        names = [f"{low}–{high}" if high - low < 50 and place < len(groups) - 1 else f"{low} and more"
                 for place, (low, high, _, _) in enumerate(groups)]  # fmt: skip
        axes.set_xticks(range(len(groups)), names)
        axes.set_xlabel("words in the sentence that was read")
        axes.set_ylim(0, max(*values, 1.0) * 1.12)

    reading = "Above each bar the number of sentences. A steep fall with length says that it forgets what it has read."
    return Chart("BLEU by the length of the sentence", draw(paint, 210), reading)
