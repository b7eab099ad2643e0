"""Is a deep network without shortcuts held back by its depth, on the very examples it is trained on?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding
from ..instruments.depth import MANY, TOO_MANY

COST = "one walk through the graph of operations, at the first step"

LEARNED = 0.97  # training examples right from which depth holds nothing back


def look(chart: Chart) -> list[Finding]:
    longest, shortest = chart.facts.get("ways") or (0, 0)
    right = readings.right(chart)
    if shortest < MANY or math.isnan(right) or right >= LEARNED or not readings.settled(chart):
        return []
    return [
        Finding(
            NOTE,
            f"{longest} layers with weights, {shortest} on the shortest way, and {right:.0%} of the training examples "
            "right",
            f"fewer than {MANY} without a shortcut",
            cause="a plain net of this depth is harder to train than a shallower one: the gradient has no short way",
            remedy="add each block's input to its output, H(x) = F(x) + x, or take fewer layers",
            kind="depth_without_shortcuts",
            where="shortcuts",
            weight=0.75 if shortest >= TOO_MANY else 0.5,
        )
    ]
