"""Successive halving: many short trials, then only the best of them again and longer, and again.

The survivors start anew with the longer schedule rather than go on: the score of a trial whose learning rate has come
down is worth more than one cut off in between. Source: Jamieson and Talwalkar, 2016, with a third surviving by default.
"""

from collections.abc import Callable, Iterator, Sequence

from ._draws import propose
from ._rounds import Conduct, Run, RunMany, Tell, never, search_in_rounds, silent
from ._space import Round, Search, Settings, Space, Trial

SURVIVORS = 3  # one in so many goes on, with trials so many times as long
ENOUGH_FOR_THREE, ENOUGH_FOR_TWO = 13, 4  # trials, so that at least one survives the last round


def rounds(trials: int, length: float) -> list[Round]:
    """Three rounds, each with a third of the trials of the one before: 24 trials are 16, 6 and 2."""
    n = 3 if trials >= ENOUGH_FOR_THREE else 2 if trials >= ENOUGH_FOR_TWO else 1
    weights = [SURVIVORS ** -float(i) for i in range(n)]
    later = [max(1, round(trials * weight / sum(weights))) for weight in weights[1:]]
    sizes = [trials - sum(later), *later]
    return [Round(size, length / SURVIVORS ** (n - 1 - i)) for i, size in enumerate(sizes)]


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
    """Draw the first round from `space`; each further one takes the best of the last, and fresh draws if too few."""
    found = Search(spans=dict(space))

    def proposals(plan: Round, number: int) -> Iterator[Sequence[Settings]]:
        last = [trial for trial in found.trials if trial.round == number - 1 and trial.score is not None]
        alive = [trial.settings for trial in sorted(last, key=lambda trial: -(trial.score or 0.0))[: plan.trials]]
        yield [*alive, *propose(space, plan.trials - len(alive), seed + number)]

    return search_in_rounds(found, rounds, seed, Conduct(run, known, stop, run_many, tell), proposals)
