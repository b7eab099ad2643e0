"""Did the loss, a gradient or an input stop being a number?"""

from .. import readings
from ..chart import Chart
from ..finding import BLOCKER, Finding

COST = "one look at a few gradients every eighth step"


def look(chart: Chart) -> list[Finding]:
    found = _inputs(chart)
    first, facts = chart.losses.first_not_finite, chart.facts.get("not_finite")
    if first < 0 and not facts:
        return found
    facts = facts or {"step": first}
    step = first if first >= 0 else facts["step"]
    lr = readings.peak_lr(chart)
    place = facts.get("layer") or (facts.get("weights") or [""])[0]
    names = f"; first in {place}" if place else ""
    term = facts.get("term", "the loss" if first >= 0 else "a gradient")
    grew = _grew(chart)
    # Where updates grew, no picture is to blame.
    files = "" if grew or not facts.get("files") else f"; in its batch: {', '.join(facts['files'][:3])}"
    half = "float16" in chart.facts.get("half", [])
    found.append(
        Finding(
            BLOCKER,
            f"{term} is not finite at step {step} (lr {lr:.1e}){names}{files}",
            "a finite loss",
            cause="updates grew until a number overflowed"
            if grew
            else "a division, logarithm or square root of nothing",
            remedy="lower the learning rate tenfold, or clip gradients (max_norm=1)"
            if grew
            else "guard it with a small constant, compute in bfloat16 or float32, and look at the batch",
            kind="learning_rate_too_high" if grew and not found else "not_finite",
            where="lr" if grew else place or "loss",
            change={"lr": {"times": 0.1}} if grew else {},
            weight=0.3 if found else 0.85 if grew and not half else 0.6,
            defect=True,
        )
    )
    return found


def _inputs(chart: Chart) -> list[Finding]:
    facts = chart.facts.get("not_finite") or {}
    bad = [s for s, ok in chart.having("inputs", "finite") if not ok]
    if not bad and not facts.get("inputs"):
        return []
    step = bad[0]["step"] if bad else facts["step"]
    rows = f"rows {facts['rows'][:5]} of the batch" if facts.get("rows") else "some examples"
    files = f": {', '.join(facts['files'][:3])}" if facts.get("files") else ""
    return [
        Finding(
            BLOCKER,
            f"the input holds NaN or infinity at step {step} ({rows}{files})",
            "finite numbers",
            cause="a broken example, or preprocessing that divides by zero",
            remedy="find and repair these examples; check the loader with torch.isfinite",
            kind="inputs_not_finite",
            where="inputs",
            weight=1.0,
            defect=True,
        )
    ]


def _grew(chart: Chart) -> bool:
    """Whether the loss or the updates were exploding before."""
    losses, ratios = chart.losses, [r for r in readings.updates(chart, "ratio") if r is not None]
    if not losses.blocks or losses.first_not_finite == 0:
        return False  # from the very start: no update has had a part in it
    start = losses.blocks[0][2]
    return max(b[4] for b in losses.blocks) > 2 * abs(start) + 1 or max(ratios, default=0.0) > 0.1
