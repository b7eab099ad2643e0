"""Are the pictures that are made as varied as those that are learned from?"""

from ...engine.task import Task
from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments import drawn

COST = "64 samples at an evaluation, within 10 seconds, compared with each other and with real pictures"

ALIKE = 0.3  # of the distance between real pictures, from one sample to the nearest other one; blurred ones have 0.6
NARROW = 0.15  # of the spread of real pictures, about their middle
LATE = 0.5  # of the planned steps: young generators make one picture only, and many heal
STEPS, AGAIN = 300, 2  # of a run of unknown length; evaluations in a row


def measure(task: Task) -> dict[str, float]:
    """Figures of samples, for this question and others'; none of a task that makes no pictures."""
    try:
        return drawn.figures(task)
    except Exception:  # an evaluation goes on, whatever this stumbles over
        return {}


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("variety_nearest") is not None]
    if not seen:
        return []
    last = seen[-AGAIN:]
    nearest, spread = (max(e[name] for e in last) for name in ("variety_nearest", "variety_spread"))
    what = f"samples lie {nearest:.0%} as far from each other as real pictures do, and spread {spread:.0%} as widely"
    if (nearest > ALIKE and spread > NARROW) or len(last) < AGAIN or not _late(chart):
        return [Finding(PASS, what)]
    opponents = chart.facts.get("opponents")
    rates = f" from {rate:g}" if (rate := readings.peak_lr(chart)) > 0 else ""
    return [
        Finding(
            NOTE,
            what,
            f"at least {ALIKE:.0%} and {NARROW:.0%}",
            "the generator makes the few pictures that please its critic now: its modes have collapsed"
            if opponents
            else "what is drawn does not reach the pictures: the sampler takes the likeliest, or noise is lost",
            f"lower both rates{rates}, take a critic that cannot run away (spectral normalisation, a gradient penalty, "
            "fewer critic steps), and larger batches"
            if opponents
            else "look at what the sampler draws, and from which dice; compare two samples of one seed and of two",
            kind="mode_collapse",
            where="generator" if opponents else "sampler",
            change={"lr": {"times": 0.5}} if opponents else {},
            weight=0.8,
            defect=True,
        )
    ]


def _late(chart: Chart) -> bool:
    planned = chart.facts.get("planned_steps")
    return chart.steps >= (max(30, LATE * planned) if planned else STEPS)
