"""Does the best value of the search lie on the border of what was searched?"""

import math

from ...runs.reader import Run
from ..finding import NOTE, PASS, Finding
from ._record import detail, mapping, number

BEYOND = 3.0  # times: the next value to try outside; half a decade on the scales that are searched


def examine(run: Run) -> list[Finding]:
    found = detail(run, "search")
    names = [name for name in found.get("border") or [] if isinstance(name, str)]
    if not found.get("best"):
        return []
    if not names:
        return [Finding(PASS, "no best value lies on a border of the search")]
    return [_on_border(name, number(mapping(found["best"]).get(name)), mapping(found.get("ranges"))) for name in names]


def _on_border(name: str, best: float, ranges: dict[str, object]) -> Finding:
    searched = ranges.get(name)
    low, high = (number(end) for end in (searched if isinstance(searched, list) else [])[:2] or (None, None))
    upwards = abs(best - high) < abs(best - low) if not low > 0 else best**2 > low * high
    known = not math.isnan(best + low + high)
    return Finding(
        NOTE,
        f"the best {name} is {best:.2g}" if known else f"the best {name} lies on the border of the search",
        f"inside of {low:.2g} to {high:.2g}" if known else "inside of what was searched",
        "better values may lie beyond",
        f"search on with {'higher' if upwards else 'lower'} values of {name}" if known else f"search wider in {name}",
        kind="best_on_border",
        where=name,
        change={name: {"times": BEYOND if upwards else 1 / BEYOND}} if known else {},
        weight=0.3,
    )
