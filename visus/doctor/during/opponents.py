"""Does the critic leave the generator something to learn from?"""

from typing import Any

from ...engine.task import Task
from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments import opposed

COST = "256 real and 256 made pictures scored by the critic, at an evaluation; norms that are there anyway"

SURE = 0.99  # of the pairs told apart
FAINT = 0.01  # of the gradient that the generator had: a loss that saturates leaves that little
LOST = 0.003  # chance that a made picture is real, in the critic's eyes
AGAIN, FEWEST = 2, 8  # evaluations in a row; improvements looked at
EARLY, LATE = 0.2, 0.7
BETTER = 0.05  # of a score, from one half of the evaluations to the other


def measure(task: Task) -> dict[str, float]:
    """Figures of a critic and a generator; none of a task without them."""
    try:
        return opposed.figures(task)
    except Exception:  # an evaluation goes on, whatever this stumbles over
        return {}


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("critic_tells") is not None]
    if not seen:
        return []
    last = seen[-AGAIN:]
    tells, faint = min(e["critic_tells"] for e in last), _faint(chart)
    what = f"the critic tells {tells:.1%} of the pairs apart"
    if tells < SURE or len(last) < AGAIN or not readings.settled(chart):
        return [Finding(PASS, what)]
    if faint < FAINT:
        return [_starves(f"{what}, and {faint:.1g} of the generator's first gradient is left")]
    fooled = [e["critic_fooled"] for e in seen if e.get("critic_fooled") is not None]
    if fooled and max(fooled[-AGAIN:]) < LOST and not _gets_better(seen):
        return [_too_strong(f"{what}, holds a made one for real with a chance of {fooled[-1]:.1g}, and no score rises")]
    return [Finding(PASS, what)]


def _faint(chart: Chart) -> float:
    """What is left of the generator's gradient: its middle late in the run, over its largest early one."""
    rows = (chart.facts.get("opponents") or {}).get("generator") or []
    if len(rows) < FEWEST:
        return 1.0
    early = max((norm for step, _, norm in rows if step <= EARLY * chart.steps), default=0.0)
    late = readings.middle([norm for step, _, norm in rows if step >= LATE * chart.steps])
    return late / early if early > 0 else 1.0


def _gets_better(seen: list[dict[str, Any]]) -> bool:
    """Whether the second half of the evaluations has a clearly better score, or there are too few to tell."""
    scores = [e["score"] for e in seen if e.get("score") is not None]
    half = len(scores) // 2
    return half < AGAIN or max(scores[half:]) > (best := max(scores[:half])) + BETTER * abs(best)


def _starves(what: str) -> Finding:
    return Finding(
        NOTE,
        what,
        f"more than {FAINT:g}",
        "the generator starves: log(1 - D(G(z))) is flat where the critic is sure, so that nothing is left to follow",
        "the non-saturating loss, -log D(G(z)), in place of the minimax one; a critic with fewer steps or a lower rate",
        kind="generator_starves",
        where="loss (of the generator)",
        change={"loss": "non_saturating"},
        weight=0.9,
        defect=True,
    )


def _too_strong(what: str) -> Finding:
    return Finding(
        NOTE,
        what,
        f"a chance of more than {LOST:g}",
        "the critic is too strong: whatever the generator changes, the answer is no",
        "lower the critic's rate or its steps, smooth its labels to 0.9, or bound it: spectral normalisation, a "
        "gradient penalty with the Wasserstein loss",
        kind="critic_too_strong",
        where="critic (rate, steps)",
        change={"critic_steps": 1},
        weight=0.8,
        defect=True,
    )
