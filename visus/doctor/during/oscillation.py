"""Do loss or score swing instead of settling?"""

from itertools import pairwise
from statistics import pstdev

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing: read from losses and scores"

SWING = 0.07  # deviation of the score in the second half, around its trend


def look(chart: Chart) -> list[Finding]:
    scores = readings.scores(chart)
    late = scores[len(scores) // 2 :]
    if len(late) < 4:
        return []
    swings = pstdev([b - a for a, b in pairwise(late)]) / 2**0.5
    if swings < SWING or not readings.in_points(chart):
        return []
    return [
        Finding(
            NOTE,
            f"the score swings by {100 * swings:.0f} points from one evaluation to the next",
            f"below {100 * SWING:.0f}",
            "steps are too large for the noise of a batch",
            "let the learning rate fall, use larger batches, average the weights",
            kind="learning_rate_too_high",
            where="lr",
            change={"lr": {"times": 0.3}},
            weight=0.5,
        )
    ]
