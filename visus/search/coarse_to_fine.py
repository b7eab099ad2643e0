"""Coarse to fine: many short trials over wide spans, then fewer and longer ones around the best.

The spans of a next round reach from the worst to the best of the leading trials. Where the leader lies on the border
of its span the span is widened beyond it instead, and the border is reported: the best may lie outside.
"""

from collections.abc import Callable, Iterator, Sequence

from ._draws import propose
from ._narrow import narrow
from ._rounds import Conduct, Run, RunMany, Tell, never, search_in_rounds, silent
from ._space import Round, Search, Settings, Space, Trial

ENOUGH_FOR_THREE, ENOUGH_FOR_TWO = 15, 6  # trials; with fewer a round has too few leaders to narrow anything by


def rounds(trials: int, length: float) -> list[Round]:
    """Half of the trials short, the others longer, the last ones of full length: 24 trials are 12, 7 and 5."""
    if trials >= ENOUGH_FOR_THREE:
        first, second = trials // 2, round(0.3 * trials)
        return [Round(first, length / 4), Round(second, length / 2), Round(trials - first - second, length)]
    if trials >= ENOUGH_FOR_TWO:
        first = round(2 / 3 * trials)
        return [Round(first, length / 2), Round(trials - first, length)]
    return [Round(trials, length)]


def search(
    run: Run,
    space: Space,
    rounds: Sequence[Round],
    seed: int = 0,
    known: Sequence[Trial] = (),
    stop: Callable[[], bool] = never,
    run_many: RunMany | None = None,
    tell: Tell = silent,
) -> Search:
    """Try settings from `space` in rounds, each narrower and longer than the one before."""
    found = Search(spans=dict(space))

    def proposals(plan: Round, number: int) -> Iterator[Sequence[Settings]]:
        best = found.best
        # The best so far again, where it is only comparable at the new length; and fresh draws.
        again = [best.settings] if best and found.lengths[best.round] < plan.length else []
        yield [*again, *propose(found.spans, plan.trials - len(again), seed + number)]

    return search_in_rounds(found, rounds, seed, Conduct(run, known, stop, run_many, tell), proposals, narrow)
