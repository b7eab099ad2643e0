"""Was the run too short: is it still improving fast at its end?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "nothing: read from scores and losses"

GAIN, NOISE = 0.02, 0.02  # share of the whole rise that the last fifth added; two points may be a few pictures
FEWEST = 5
FEW_STEPS = 60
FALLING = 0.85  # cross-entropy of the last fifth against the fifth before


def look(chart: Chart) -> list[Finding]:
    scores = readings.scores(chart)
    planned = chart.facts.get("planned_steps")
    if planned and 0 < chart.steps < 0.5 * planned and chart.losses.first_not_finite < 0:
        return [
            Finding(
                NOTE,
                f"{chart.steps} of {planned} planned steps were taken",
                "all of them",
                "the run ended early",
                "train to the end",
                kind="too_short",
                where="epochs",
                change={"epochs": {"times": planned / chart.steps}},
                weight=0.7,
            )
        ]
    if chart.steps < FEW_STEPS and readings.learned(chart) < 0.7 and chart.losses.first_not_finite < 0:
        return [_short(f"only {chart.steps} steps were taken", 0.6)]
    late, before = readings.entropy_now(chart, 0.8), readings.entropy_now(chart, 0.6, 0.8)
    falling = late < FALLING * before and readings.learned(chart) < 0.7
    if len(scores) < FEWEST:
        return (
            [_short(f"the cross-entropy fell from {before:.2f} to {late:.2f} in the last fifth", 0.45)]
            if falling
            else []
        )
    tail = max(1, len(scores) // 5)
    earlier, latest = max(scores[:-tail]), max(scores[-tail:])
    gain, rise = latest - earlier, max(scores) - scores[0]
    points = readings.in_points(chart)
    what = f"the last fifth of the run added {gain:.2g} to the score, of {rise:.2g}"
    what = f"the last fifth of the run added {100 * gain:.1f} points of {100 * rise:.1f}" if points else what
    if gain <= max(GAIN * rise, NOISE):
        return [Finding(PASS, what, "the curve is flat")]
    return [_short(what, 0.6 if gain > 0.15 * rise and late < 0.9 * before else 0.5 if gain > 0.15 * rise else 0.3)]


def _short(what: str, weight: float) -> Finding:
    return Finding(
        NOTE,
        what,
        "the curve is flat",
        "the run ended early",
        "train longer (more epochs or budget)",
        kind="too_short",
        where="epochs",
        change={"epochs": {"times": 3}},
        weight=weight,
    )
