"""Does the player earn what it expects to earn?"""

from ...engine.task import Task
from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments import acted

COST = "a mean over the states of an evaluation, which the player was asked about anyway"

AGAIN, FEWEST = 2, 10  # evaluations in a row; states
SHARE, SPREADS = 1.0, 3.0  # of what was earned, and deviations of it: healthy runs expect up to twice as much at times
BEYOND = 1.2  # times all that could be earned, were every step to give the largest reward ever seen


def measure(task: Task) -> dict[str, float]:
    """Figures of an evaluation, for this question and others'; none of a task that does not act."""
    try:
        return acted.figures(task)
    except Exception:  # an evaluation goes on, whatever this stumbles over
        return {}


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("value_said") is not None and (e.get("value_states") or 0) >= FEWEST]
    if not seen:
        return []
    last = seen[-AGAIN:]
    said, earned = last[-1]["value_said"], last[-1]["value_earned"]
    what = f"the player expects {said:.4g} of the states it meets, and earns {earned:.4g}"
    possible = _possible(chart)
    impossible = possible > 0 and all(abs(e["value_said"]) > BEYOND * possible for e in last)
    over = all(_over(e["value_said"], e["value_earned"], e["value_spread"]) for e in last)
    if len(last) < AGAIN or not (over or impossible):
        return [Finding(PASS, what)]
    limit = f"; no more than {possible:.4g} can be earned at all" if impossible else ""
    return [
        Finding(
            NOTE,
            what + limit,
            "about as much",
            "values are over-estimated: the maximum over noisy guesses is taken for what will be earned, and learned "
            "from again",
            "a target network that is copied less often, the double estimate (one network chooses the action, the "
            "other values it), and a lower rate",
            kind="values_overestimated",
            where="targets (target network)",
            change={"double": True, "lr": {"times": 0.3}},
            weight=0.9 if impossible else 0.7,
            defect=impossible,
        )
    ]


def _over(said: float, earned: float, spread: float) -> bool:
    return said - earned > SHARE * abs(earned) + SPREADS * spread


def _possible(chart: Chart) -> float:
    """The discounted sum of the largest reward seen, for ever; 0 where no reward or no discount is known."""
    gamma, rewards = readings.acts(chart).get("gamma"), [f["reward_largest"] for _, f in readings.lessons(chart, "on")]
    played = 0.0 if readings.acts(chart).get("clipped") else _largest(chart)
    largest = max([*rewards, played], default=0.0)
    return largest / (1 - gamma) if gamma is not None and gamma < 1 else 0.0


def _largest(chart: Chart) -> float:
    return float((readings.acts(chart).get("random") or {}).get("reward_largest", 0.0))
