"""Where to look next: around the leaders, and beyond a border that the leader points across."""

import math
from collections.abc import Sequence
from statistics import median

from ._space import Choices, Search, Span, Trial

LEADERS = 0.25  # share of a round's trials that say where to look next
BORDER = 0.1  # share of a span, at either end, that counts as its border
WIDEN = 0.5  # share of its length by which a span grows beyond a border
NEAR = 3.0  # times: a value so little above the best is next to it; half a decade
SEPARATES = 0.8  # share of (lost, sound) pairs in which the lost trial has the greater value, to blame the setting


def comparable(found: Search, number: int) -> list[Trial]:
    """The trials of round `number`, and of all others of its length."""
    return [trial for trial in found.trials if found.lengths[trial.round] == found.lengths[number]]


def borders(found: Search, number: int) -> list[str]:
    """Settings whose best value of round `number` lies at an end of its span, where the setting could go on."""
    return [name for name in found.spans if _side(found, name, comparable(found, number))]


def pointing(found: Search, number: int) -> list[str]:
    """Of these, the ones whose other leaders lean the same way: worth another round, and not one lucky trial."""
    trials, names = comparable(found, number), []
    for name, span in found.spans.items():
        side = _side(found, name, trials)
        if side and isinstance(span, Span):
            middle = median(span.place(_number(trial, name)) for trial in _leaders(trials))
            names += [name] if (middle - 0.5) * side > 0 else []
    return names


def narrow(found: Search, number: int, widen: Sequence[str] | None = None) -> None:
    """Let the next round look around the leaders of round `number`, and beyond the borders they lie on.

    widen: the settings to do the latter for; all by default.
    """
    trials = comparable(found, number)
    found.widened = list(borders(found, number) if widen is None else widen)
    found.spans = {
        name: _around(span, name, trials, _side(found, name, trials) if name in found.widened else 0)
        for name, span in found.spans.items()
    }


def _around(span: Span | Choices, name: str, trials: Sequence[Trial], side: int) -> Span | Choices:
    """The span of the leaders; longer than before only on the side of a border at which the very best lies."""
    leaders = _leaders(trials)
    if isinstance(span, Choices):
        kept = {trial.settings[name] for trial in leaders}
        return Choices(tuple(value for value in span.values if value in kept) or span.values)
    if not leaders:  # everything diverged: look lower
        return span.part(-WIDEN if span.log else 0.0, 0.5)
    places = [span.place(_number(trial, name)) for trial in leaders]
    low, high = max(min(places) - BORDER, 0.0), min(max(places) + BORDER, 1.0)
    return span.part(-WIDEN if side < 0 else low, 1 + WIDEN if side > 0 else high)


def near_unstable(found: Search) -> list[str]:
    """The setting whose best value lies just below values that diverge or collapse; at most one is to blame."""
    best = found.best
    logarithmic = [name for name, span in found.spans.items() if isinstance(span, Span) and span.log]
    if best is None or not logarithmic:
        return []
    shares = {name: _separation(name, found.trials, _number(best, name)) for name in logarithmic}
    name = max(logarithmic, key=lambda name: shares[name])  # of equals the first: a recipe names its rate first
    here = _number(best, name)
    near = any(here < value <= NEAR * here for value in _lost(name, found.trials, here))
    return [name] if near and shares[name] >= SEPARATES else []


def _separation(name: str, trials: Sequence[Trial], best: float) -> float:
    """The share of pairs of a lost and a sound trial in which the lost one has the greater value."""
    sound = [_number(trial, name) for trial in trials if not trial.diverged and not trial.collapsed]
    pairs = [bad > good for bad in _lost(name, trials, best) for good in sound]
    return sum(pairs) / len(pairs) if pairs else 0.0


def _lost(name: str, trials: Sequence[Trial], best: float) -> list[float]:
    # What ends at a guess with a smaller value than the best has learned too slowly: that is no instability.
    return [_number(t, name) for t in trials if t.diverged or (t.collapsed and _number(t, name) > best)]


def _leaders(trials: Sequence[Trial]) -> list[Trial]:
    finite = sorted((t for t in trials if t.score is not None), key=lambda t: t.score or 0.0, reverse=True)
    return finite[: max(2, math.ceil(LEADERS * len(trials)))]


def _side(found: Search, name: str, trials: Sequence[Trial]) -> int:
    """-1 if the best value lies at the lower end of what was looked at, 1 at the upper, 0 inside.

    The end of its span, or of all that was ever tried: few trials may leave the last tenth of a span empty. 0 too where
    the setting cannot go beyond.
    """
    leaders, span = _leaders(trials), found.spans[name]
    if not leaders or isinstance(span, Choices):
        return 0
    best, tried = _number(leaders[0], name), [_number(trial, name) for trial in found.trials]
    several = len(set(tried)) > 1
    if span.place(best) < BORDER or (several and best == min(tried)):
        return -1 if span.low > span.least else 0
    beyond = span.place(best) > 1 - BORDER or (several and best == max(tried))
    return 1 if beyond and span.high < span.most else 0


def _number(trial: Trial, name: str) -> float:
    value = trial.settings[name]
    assert not isinstance(value, str), f"{name} lies in a span, so it is a number"
    return value
