"""Does the policy change little enough between two rounds of play?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "nothing: read from scores of the task"

FAR = 0.1  # nats, in the middle of the evaluations; 0.01 to 0.02 is what one aims at
MOST_CLIPPED = 0.5
SPIKE, OFTEN = 0.5, 0.2  # nats, and the share of evaluations that may show one
FEWEST = 4


def look(chart: Chart) -> list[Finding]:
    far = [abs(value) for _, value in readings.told(chart, "approx_kl")]
    clipped = [value for _, value in readings.told(chart, "clip_fraction")]
    if len(far) < FEWEST:
        return []
    middle, spikes = readings.middle(far), sum(value > SPIKE for value in far) / len(far)
    what = f"a round of updates moves the policy by {middle:.2g} nats (the largest by {max(far):.2g})"
    some = readings.middle(clipped) if clipped else 0.0
    if middle <= FAR and spikes <= OFTEN and some <= MOST_CLIPPED:
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            what + (f", and {some:.0%} of the steps are clipped" if clipped else ""),
            f"at most {FAR:g} nats and {MOST_CLIPPED:.0%}",
            "the policy runs away from the one that played: what was played tells little of what it does now",
            "a lower rate, fewer passes over the same steps, larger batches, or a round that ends at a given distance",
            kind="policy_steps_too_large",
            where="lr, passes",
            change={"lr": {"times": 0.3}},
            weight=0.75,
        )
    ]
