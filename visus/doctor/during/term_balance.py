"""Does one term of the loss drown the others?"""

from statistics import fmean, median
from typing import Any

from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the gradient of each named term on 4 examples, every 64 steps, where a loss has several terms"

DROWNS = 100.0  # times the gradients of all others together, in the middle of the looks
FALLS = 0.9  # of its first values: a term that falls further is learned all the same
FEWEST = 3  # looks


def look(chart: Chart) -> list[Finding]:
    looks: list[Any] = chart.facts.get("terms") or []
    names = list(looks[-1][1]) if looks else []
    looks = [terms for _, terms in looks if set(terms) == set(names)]
    if len(looks) < FEWEST:
        return []
    times = {name: median(_times(terms, name) for terms in looks) for name in names}
    loudest = max(times, key=lambda name: times[name])
    if times[loudest] <= DROWNS:
        return [Finding(PASS, f"the loudest term, {loudest}, pulls {times[loudest]:.3g} times as hard as all others")]
    stuck = [name for name in names if name != loudest and not _falls([terms[name][0] for terms in looks])]
    if not stuck:
        return []
    some = ", ".join(stuck)
    return [
        Finding(
            NOTE,
            f"the term '{loudest}' pulls {times[loudest]:.0f} times as hard at the shared weights as all others "
            f"together, and {some} does not fall",
            f"at most {DROWNS:g} times",
            f"the weights only follow '{loudest}'; what {some} asks for is drowned",
            f"divide the weight of '{loudest}' by about {_round(times[loudest])}, until terms pull about alike",
            kind="terms_unbalanced",
            where=f"loss (weight of {loudest})",
            weight=0.75,
            defect=True,
        )
    ]


def _times(terms: dict[str, list[float]], name: str) -> float:
    rest = sum(norm for other, (_, norm) in terms.items() if other != name)
    return terms[name][1] / rest if rest > 0 else 0.0


def _falls(values: list[float]) -> bool:
    """Whether a term has fallen, from the first looks to the last; one at 0 has nothing to fall to."""
    third = max(1, len(values) // 3)
    first, last = fmean(values[:third]), fmean(values[-third:])
    return last < FALLS * first or first <= 0


def _round(times: float) -> str:
    return f"{float(f'{times:.0e}'):g}"
