"""Are the pictures that are made as varied as those that are learned from?"""

from typing import Any

from ...engine.task import Task
from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments import drawn

COST = "64 samples at an evaluation, within 10 seconds, compared with each other and with real pictures"

ALIKE = 0.15  # of the distance between real pictures, from one sample to the nearest other one; young ones have 0.3
NARROW = 0.04  # of the spread of real pictures about their middle; grey first pictures have 0.05
LATE = 0.5  # of the planned steps: young generators make one picture only, and many heal
SAME = 0.02  # of the distance: samples that are one and the same
GROWS, BETTER = 1.3, 0.1  # from two evaluations to the next two
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
    if readings.are_opponents(chart):
        return [Finding(PASS, f"{what}, and still get better")] if _young(seen) else [_collapsed(chart, what)]
    drawn_from_chances = last[-1].get("sampler_z") is not None
    return [_same_dice(what) if drawn_from_chances and nearest <= SAME and spread <= NARROW else Finding(PASS, what)]


def _collapsed(chart: Chart, what: str) -> Finding:
    rates = f" from {rate:g}" if (rate := readings.peak_lr(chart)) > 0 else ""
    return Finding(
        NOTE,
        what,
        f"at least {ALIKE:.0%} and {NARROW:.0%}",
        "the generator makes the few pictures that please its critic now: its modes have collapsed",
        f"lower both rates{rates}, take a critic that cannot run away (spectral normalisation, a gradient penalty, "
        "fewer critic steps), and larger batches",
        kind="mode_collapse",
        where="generator",
        change={"lr": {"times": 0.5}},
        weight=0.8,
        defect=True,
    )


def _same_dice(what: str) -> Finding:
    return Finding(
        NOTE,
        what,
        f"at least {ALIKE:.0%}",
        "every picture of a batch is drawn by the same dice, or the likeliest value is taken",
        "draw as many random numbers as there are pictures, values and steps",
        kind="mode_collapse",
        where="sampler",
        weight=0.8,
        defect=True,
    )


def _young(seen: list[dict[str, Any]]) -> bool:
    """Whether samples still get better or more varied: a young generator makes one grey picture, and that heals."""
    if len(seen) < 2 * AGAIN:
        return True
    before, last = seen[-2 * AGAIN : -AGAIN], seen[-AGAIN:]
    then, now = (max((e["score"] for e in rows if e.get("score") is not None), default=0.0) for rows in (before, last))
    wider = max(e["variety_spread"] for e in last) > GROWS * max(e["variety_spread"] for e in before)
    return wider or now > then + BETTER * abs(then)


def _late(chart: Chart) -> bool:
    planned = chart.facts.get("planned_steps")
    return chart.steps >= (max(30, LATE * planned) if planned else STEPS)
