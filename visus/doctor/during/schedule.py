"""Did the learning rate fall away, or never arrive, while there was still something to learn?"""

from itertools import pairwise

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing: the rate is read at measured updates"

GONE = 0.01  # of its peak
EARLY = 0.5  # share of the run


def look(chart: Chart) -> list[Finding]:
    rates = [(s["step"], max(u["lr"])) for s, u in chart.having("update") if u["lr"]]
    if len(rates) < 6 or chart.steps < 20:
        return []
    peak = max(lr for _, lr in rates)
    end = chart.facts.get("planned_steps") or chart.steps
    if peak <= 0:
        return []
    at = next(step for step, lr in rates if lr == peak)
    gone = next((step for step, lr in rates if step > at and lr < GONE * peak), None)
    if (
        gone is not None
        and gone < EARLY * end
        and all(lr < 2 * GONE * peak for step, lr in rates if step >= gone)
        and chart.steps > 1.3 * gone
    ):
        learned = readings.learned(chart)
        return [
            Finding(
                NOTE,
                f"the learning rate was below 1 % of its peak after step {gone} of {end}, "
                f"with {max(0.0, learned):.0%} of the loss taken off",
                f"not before step {EARLY * end:.0f}",
                "the schedule ended too early: nothing was learned after it",
                "stretch the schedule to the number of steps",
                kind="schedule_ends_early",
                where="lr schedule",
                change={"schedule": "cosine"},
                weight=0.85 if gone < 0.25 * end else 0.65,
            )
        ]
    rising = all(b >= a for (_, a), (_, b) in pairwise(rates)) and rates[-1][1] > 1.2 * rates[len(rates) // 2][1]
    if rising and chart.steps > 100 and (not chart.facts.get("planned_steps") or chart.steps > 0.6 * end):
        return [
            Finding(
                NOTE,
                f"the learning rate still rises at step {rates[-1][0]}, to {rates[-1][1]:.1e}",
                "a warm-up of a few percent of the run",
                "the warm-up never ends: the rate stayed too low",
                "a shorter warm-up",
                kind="learning_rate_too_low",
                where="lr schedule (warm-up)",
                change={"lr": {"times": 10}},
                weight=0.8,
            )
        ]
    return []
