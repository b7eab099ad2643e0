"""Does the policy stay open until it has found something worth being sure of?"""

from math import log

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "nothing: the entropy is a score of the task"

SURE = 0.05  # of the entropy of an even choice
NARROW = 3.0  # nats below the start, for each number of an action: a deviation of a twentieth
AGAIN = 2
LITTLE = 0.3  # of the way from random play to what holds as solved


def look(chart: Chart) -> list[Finding]:
    told = [entropy for _, entropy in readings.told(chart, "entropy")]
    known = readings.acts(chart)
    if not told or not known:
        return []
    choices, amounts = known.get("choices") or 0, known.get("amounts") or 0
    limit = SURE * log(choices) if choices > 1 else told[0] - NARROW * amounts
    what = f"the entropy of the policy is {told[-1]:.3g} nats"
    if (choices <= 1 and not amounts) or len(told) < AGAIN + 1 or max(told[-AGAIN:]) > limit or _earns(chart):
        return [Finding(PASS, what)]
    even = f", of {log(choices):.3g} for an even choice" if choices else f", after {told[0]:.3g} at first"
    return [
        Finding(
            NOTE,
            f"{what}{even}, and the return is {readings.average(readings.scores(chart)[-AGAIN:]):.4g}",
            "open until it earns something",
            "the policy became sure before it had learned anything: it always does the same, and meets nothing new",
            "a lower rate, an entropy term of 0.01, a smaller clip, or advantages of mean 0 and deviation 1",
            kind="entropy_collapse",
            where="policy (entropy)",
            change={"entropy": 0.01, "lr": {"times": 0.3}},
            weight=0.85,
        )
    ]


def _earns(chart: Chart) -> bool:
    """Whether it earns clearly more than at random, and some of what holds as solved, where that is known."""
    if not readings.better_than_chance(chart):
        return False
    solved, (chance, _) = readings.acts(chart).get("solved"), readings.by_chance(chart)
    now = readings.average(readings.scores(chart)[-AGAIN:])
    return solved is None or solved <= chance or now > chance + LITTLE * (solved - chance)
