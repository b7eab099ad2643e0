"""Is the winner of the search better than the next one, or only luckier?"""

import math

from ...runs.reader import Run
from ..finding import NOTE, PASS, Finding
from ._record import Event, detail, info, mapping, number

ALIKE = 3.0  # settings within this factor are one place: two winners there agree rather than compete
MOST_LOOKED_AT = 1_000  # validation pictures a trial is scored on at most; fewer only make the noise larger


def examine(run: Run) -> list[Finding]:
    repeated = _repeated(run)
    if repeated:
        return [repeated]
    trials = [e for e in run.events("trial") if not math.isnan(number(e.get("score")))]
    last = max((number(e.get("round")) for e in trials), default=math.nan)
    ranked = sorted((e for e in trials if number(e.get("round")) == last), key=lambda e: -number(e["score"]))
    n = min(MOST_LOOKED_AT, number(detail(run, "split").get("validation")))
    if len(ranked) < 2 or not n > 0:
        return []
    best, second = number(ranked[0]["score"]), number(ranked[1]["score"])
    gap, noise = best - second, math.sqrt(max(best * (1 - best) + second * (1 - second), 0.0) / n)
    what = f"the best trial leads by {100 * gap:.1f} points"
    against = f"a noise of {100 * noise:.1f} points with {n:.0f} validation pictures"
    if gap > noise or not _apart(ranked[0], ranked[1]):
        return [Finding(PASS, what, against)]
    names = ", ".join(f"{name} {value:.1e}" for name, value in _numbers(ranked[1]).items())
    return [
        Finding(
            NOTE,
            what,
            against,
            f"the second, with {names}, may be as good: the first may have been lucky",
            f"repeat both with three seeds each (seed={int(number(info(run).get('seed')) or 0) + 1}, ...)",
            kind="winner_is_luck",
            where=", ".join(_numbers(ranked[0])),
        )
    ]


def _repeated(run: Run) -> Finding | None:
    """What the search found itself when it tried its best settings again with other seeds; None where it did not."""
    found = detail(run, "search")
    rows, lead = [mapping(row) for row in found.get("repeats") or []], mapping(found.get("lead"))
    mean, low, high = (100 * number(lead.get(name)) for name in ("mean", "low", "high"))
    if len(rows) < 2 or math.isnan(low):
        return None
    n = len(rows[0].get("scores") or [])
    what = f"with {n} other seeds the best settings lead by {mean:.1f} points"
    against = f"an interval of {low:.1f} to {high:.1f} points"
    if low > 0 or not _apart(rows[0], rows[1]):
        return Finding(PASS, what, against)
    names = ", ".join(f"{name} {value:.1e}" for name, value in _numbers(rows[1]).items())
    return Finding(
        NOTE,
        what,
        against,
        f"the second, with {names}, may be as good",
        "take either; only more seeds or more validation pictures would tell them apart",
        kind="winner_is_luck",
        where=", ".join(_numbers(rows[0])),
    )


def _apart(first: Event, second: Event) -> bool:
    a, b = _numbers(first), _numbers(second)
    both = [(a[name], b[name]) for name in a if name in b and a[name] > 0 and b[name] > 0]
    return any(max(x / y, y / x) > ALIKE for x, y in both)


def _numbers(trial: Event) -> dict[str, float]:
    found = {name: number(value) for name, value in mapping(trial.get("settings")).items()}
    return {name: value for name, value in found.items() if not math.isnan(value)}
