"""Coarse to fine: many short trials over wide spans, then fewer and longer ones around the best.

The spans of a next round reach from the worst to the best of the leading trials. Where the leader lies on the border
of its span the span is widened beyond it instead, and the border is reported: the best may lie outside.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from . import random
from ._rounds import Run, search_in_rounds
from ._space import Round, Search, Settings, Span, Trial

LEADERS = 0.25  # share of a round's trials that say where to look next
BORDER = 0.1  # share of a span, at either end, that counts as its border
WIDEN = 0.5  # share of its length by which a span grows beyond a border


def search(
    run: Run,
    space: Mapping[str, Span],
    rounds: Sequence[Round],
    seed: int = 0,
    known: Sequence[Trial] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Search:
    """Try settings from `space` in rounds, each narrower and longer than the one before.

    run: (settings, length, round) -> Trial. known: trials of an interrupted search, in order; they are not run again.
    stop: asked before each trial; True ends the search with what it has.
    """
    found = Search(spans=dict(space))

    def judge(number: int) -> None:
        latest = [trial for trial in found.trials if trial.round == number]
        found.borders = [name for name in space if _at_border(name, latest, found.spans[name])]
        if number < len(rounds):
            found.spans = {name: _next_span(name, latest, span) for name, span in found.spans.items()}

    def proposals(plan: Round, number: int) -> Iterator[Settings]:
        return _proposals(found, plan, seed + number)

    return search_in_rounds(found, run, rounds, known, stop, proposals, judge)


def _proposals(found: Search, plan: Round, seed: int) -> Iterator[Settings]:
    """The best so far again, since it is only comparable at the same length, and fresh draws."""
    best = found.best
    if best:
        yield best.settings
    yield from random.propose(found.spans, plan.trials - bool(best), seed)


def _leaders(trials: Sequence[Trial]) -> list[Trial]:
    finite = sorted((t for t in trials if t.score is not None), key=lambda t: t.score or 0.0, reverse=True)
    return finite[: max(2, math.ceil(LEADERS * len(trials)))]


def _place(value: float, span: Span) -> float:
    """How far along its span a value lies; below 0 or above 1 outside of it."""
    low, high, value = (math.log(v) if span.log else v for v in (span.low, span.high, value))
    return (value - low) / (high - low)


def _at(share: float, span: Span) -> float:
    low, high = (math.log(v) if span.log else v for v in (span.low, span.high))
    value = low + share * (high - low)
    return math.exp(value) if span.log else value


def _at_border(name: str, trials: Sequence[Trial], span: Span) -> bool:
    leaders = _leaders(trials)
    if not leaders:
        return False
    place = _place(leaders[0].settings[name], span)
    return place < BORDER or place > 1 - BORDER


def _next_span(name: str, trials: Sequence[Trial], span: Span) -> Span:
    leaders = _leaders(trials)
    if not leaders:  # everything diverged: look lower
        return Span(_at(-WIDEN, span) if span.log else span.low, _at(0.5, span), span.log)
    places = [_place(trial.settings[name], span) for trial in leaders]
    low, high = min(places) - BORDER, max(places) + BORDER
    if places[0] < BORDER:
        low = -WIDEN
    if places[0] > 1 - BORDER:
        high = 1 + WIDEN
    # The leader's neighbourhood is not left; beyond a border only where the leader itself pointed.
    low = max(low, -WIDEN if places[0] < BORDER else 0.0)
    high = min(high, 1 + WIDEN if places[0] > 1 - BORDER else 1.0)
    return Span(_at(low, span), _at(high, span), span.log)
