"""Rounds of trials, one after the other: what every strategy does between choosing where to look."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ._space import Round, Search, Settings, Trial

Run = Callable[[Settings, float, int], Trial]  # (settings, length, number of the round) -> its result


def search_in_rounds(
    found: Search,
    run: Run,
    rounds: Sequence[Round],
    known: Sequence[Trial],
    stop: Callable[[], bool],
    propose: Callable[[Round, int], Iterable[Mapping[str, float]]],
    judge: Callable[[int], None] = lambda number: None,
) -> Search:
    """Fill `found` with the trials of all rounds. judge: called after each round with its number.

    known: trials of an interrupted search, in order; they are not run again. stop: asked before each trial; True ends
    the search with what it has.
    """
    done = iter(known)
    for number, plan in enumerate(rounds, start=1):
        for settings in propose(plan, number):
            trial = next(done, None)
            if trial is None:
                if stop():
                    return found
                trial = run(settings, plan.length, number)
            found.trials.append(trial)
        judge(number)
    return found
