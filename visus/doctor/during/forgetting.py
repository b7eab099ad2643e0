"""Does fine-tuning keep what pretrained features were worth, or do its first steps destroy them?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "a copy of a pretrained network for the first quarter of a run, and two passes at an evaluation"

FELL = 0.1  # of the accuracy that a linear classifier reaches on the features
SURE = 2.0  # standard errors


def look(chart: Chart) -> list[Finding]:
    start, n = readings.features_at_start(chart)
    if math.isnan(start) or not n:
        return []
    now = float(chart.facts["features"]["now"])
    what = f"a linear classifier on the features got {start:.0%} of {n} training examples right at the start, "
    what += f"{now:.0%} after {chart.facts['features']['step']} steps"
    noise = SURE * math.sqrt(max(start * (1 - start) + now * (1 - now), 1e-4) / n)
    if now >= start - max(FELL, noise):
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            what,
            "no less than at the start",
            cause="the rate is too high for pretrained layers: the first gradients, of a head that knows nothing yet, "
            "overwrote them",
            remedy="train the head first (head_epochs=1), then the rest at a tenth of the rate "
            "(rate_of_pretrained=0.1)",
            kind="forgetting",
            where="learning rate of the pretrained layers",
            change={"lr": {"times": 0.1}},
            weight=0.8,
        )
    ]
