"""Has training against an attack taught to withstand attacks, or only that one?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "a few pictures attacked in two ways at an evaluation, where a run is trained against an attack"

ATTACKED, ROBUST = "validation_attacked_accuracy", "validation_robust_accuracy"  # as an adversary's scores are called
APART = 0.25  # of the accuracies; healthy training with one step is a few points apart (Wong et al., 2020, table 4)
SHARE = 0.5  # of the accuracy under the attack that was trained against


def look(chart: Chart) -> list[Finding]:
    rows = [
        (float(e[ATTACKED]), float(e[ROBUST]), int(e["step"]))
        for e in chart.evaluations
        if e.get(ATTACKED) is not None and e.get(ROBUST) is not None
    ]
    rows = [row for row in rows if math.isfinite(row[0]) and math.isfinite(row[1])]
    if not rows:
        return []
    attacked, robust, _ = rows[-1]
    what = f"{attacked:.1%} right under the attack of the training, {robust:.1%} under a stronger one"
    against = f"at most {100 * APART:.0f} points apart"
    if attacked - robust <= APART or robust >= SHARE * attacked:
        return [Finding(PASS, what, against)]
    best, at = max((r, step) for _, r, step in rows)
    rate = readings.peak_lr(chart)
    return [
        Finding(
            NOTE,
            what + (f"; it was {best:.1%} after {at} steps" if best > robust + APART / 2 else ""),
            against,
            cause="catastrophic overfitting: the network has learned to mislead the one step, not to withstand it",
            remedy="train against adversary=pgd, or keep the weights from before; a smaller step, epsilon"
            + (f" or learning rate (now {rate:.2g})" if math.isfinite(rate) else "")
            + " delays it",
            kind="catastrophic_overfitting",
            where="adversary",
            weight=0.9,
            defect=True,
        )
    ]
