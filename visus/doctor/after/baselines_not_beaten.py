"""Does the network beat what simple methods reach on the same pictures?"""

import math

from ...runs.reader import Run
from ..finding import NOTE, PASS, Finding
from ._record import best_score, detail, number

NAMES = {
    "majority": "always naming the commonest class",
    "input_blind": "a network that sees nothing",
    "knn": "the nearest neighbours",
    "linear": "a linear softmax",
}


def examine(run: Run) -> list[Finding]:
    known, best = baselines(run), best_score(run)
    if not known or math.isnan(best):
        return []
    name, share = max(known.items(), key=lambda pair: pair[1])
    what, against = f"best validation score {best:.1%}", f"{NAMES[name]}: {share:.1%}"
    if best > share:
        return [Finding(PASS, what, against)]
    return [
        Finding(
            NOTE,
            what,
            against,
            "the network has brought nothing yet",
            "find out what hurts the training; if nothing does, use the simple method",
            kind="baselines_not_beaten",
        )
    ]


def baselines(run: Run) -> dict[str, float]:
    """Validation accuracy of each simple method that was measured."""
    found = detail(run, "baselines")
    return {name: number(found[name]) for name in NAMES if not math.isnan(number(found.get(name)))}
