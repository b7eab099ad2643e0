"""Random search: every trial draws every setting anew, on a log scale where the setting has one.

Source: Bergstra and Bengio, 2012: a grid spends its trials on few distinct values of the setting that matters.
"""

from collections.abc import Callable, Iterator, Sequence

from ._draws import propose
from ._rounds import Conduct, Run, RunMany, Tell, never, search_in_rounds, silent
from ._space import Round, Search, Settings, Space, Trial

__all__ = ["propose", "rounds", "search"]


def rounds(trials: int, length: float) -> list[Round]:
    """One round: no trial depends on another."""
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
    """Try settings from all of `space`, in every round anew. The arguments are those of every strategy."""

    def draws(plan: Round, number: int) -> Iterator[Sequence[Settings]]:
        yield propose(space, plan.trials, seed + number)

    found = Search(spans=dict(space))
    return search_in_rounds(found, rounds, seed, Conduct(run, known, stop, run_many, tell), draws)
