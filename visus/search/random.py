"""Random search: every trial draws every setting anew, on a log scale where the setting has one.

Source: Bergstra and Bengio, 2012: a grid spends its trials on few distinct values of the setting that matters.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ._rounds import Run, search_in_rounds
from ._space import Round, Search, Span, Trial


def search(
    run: Run,
    space: Mapping[str, Span],
    rounds: Sequence[Round],
    seed: int = 0,
    known: Sequence[Trial] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Search:
    """Try settings from all of `space`, in every round anew. The arguments are those of every strategy.

    run: (settings, length, round) -> Trial. known: trials of an interrupted search, in order; they are not run again.
    stop: asked before each trial; True ends the search with what it has.
    """

    def draws(plan: Round, number: int) -> list[dict[str, float]]:
        return propose(space, plan.trials, seed + number)

    return search_in_rounds(Search(spans=dict(space)), run, rounds, known, stop, draws)


def propose(space: Mapping[str, Span], n: int, seed: int) -> list[dict[str, float]]:
    """n settings drawn from the spans, the same for the same seed.

    Each setting's draws are spread over as many equal strata as there are trials, so that few trials leave no wide
    gap (Latin hypercube; McKay et al., 1979).
    """
    dice = np.random.default_rng(seed)
    columns = {name: (dice.permutation(n) + dice.random(n)) / n for name in sorted(space)}
    return [{name: _place(space[name], float(columns[name][trial])) for name in space} for trial in range(n)]


def _place(span: Span, share: float) -> float:
    """The value a share in [0, 1] of the way along a span."""
    if not span.log:
        return span.low + share * (span.high - span.low)
    return math.exp(math.log(span.low) + share * (math.log(span.high) - math.log(span.low)))
