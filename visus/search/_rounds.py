"""Rounds of trials, one after the other: what every strategy does between choosing where to look."""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import _narrow
from ._draws import propose as draw
from ._space import Round, Search, Settings, Trial

Run = Callable[[Settings, float, int], Trial]  # (settings, length, number of the round) -> its result
RunMany = Callable[
    [Sequence[Settings], float, int], Generator[Trial, None, None]
]  # their results, in the order of the settings
Tell = Callable[[int, Round, Search], None]
Propose = Callable[[Round, int], Iterable[Sequence[Settings]]]  # batches: a later one may depend on earlier results

MOST_BEYOND = 2  # rounds added because the best lies on a border
SHARE_BEYOND = 0.25  # of all planned trials, in each of them
FEWEST_BEYOND = 3


def never() -> bool:
    return False


def silent(number: int, plan: Round, found: Search) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Conduct:
    """How trials are made, whatever the strategy; see the package's own description."""

    run: Run
    known: Sequence[Trial] = ()
    stop: Callable[[], bool] = never
    run_many: RunMany | None = None
    tell: Tell = silent

    def make(self, settings: Sequence[Settings], length: float, number: int) -> Generator[Trial, None, None]:
        if self.run_many:
            yield from self.run_many(settings, length, number)
        else:
            yield from (self.run(one, length, number) for one in settings)


def search_in_rounds(
    found: Search,
    rounds: Sequence[Round],
    seed: int,
    conduct: Conduct,
    propose: Propose,
    narrow: Callable[[Search, int], None] = lambda found, number: None,
) -> Search:
    """Fill `found` with the trials of all rounds, and of up to MOST_BEYOND more while the best lies on a border.

    narrow: called between two rounds with the search and the number of the round that ended; it changes the spans.
    """
    plans = list(rounds)
    number = 0
    while number < len(plans):
        plan, number = plans[number], number + 1
        found.lengths[number] = plan.length
        conduct.tell(number, plan, found)
        beyond = number > len(rounds)
        complete = _fill(found, _beyond(found, plan, seed + number) if beyond else propose(plan, number), plan, conduct)
        found.borders, found.unstable = _narrow.borders(found, number), _narrow.near_unstable(found)
        if not complete:
            break
        if number < len(rounds):
            narrow(found, number)
        elif number < len(rounds) + MOST_BEYOND and (names := _narrow.pointing(found, number)):
            wanted = math.ceil(SHARE_BEYOND * sum(plan.trials for plan in rounds))
            plans.append(Round(max(FEWEST_BEYOND, min(rounds[-1].trials, wanted)), plan.length))
            _narrow.narrow(found, number, names)
    return found


def _fill(found: Search, batches: Iterable[Sequence[Settings]], plan: Round, conduct: Conduct) -> bool:
    """Make the trials of one round, or take them from what is known; False if it was stopped before its end."""
    number = max(found.lengths)
    for batch in batches:
        known = list(conduct.known[len(found.trials) : len(found.trials) + len(batch)])
        found.trials += known
        rest = list(batch[len(known) :])
        results = conduct.make(rest, plan.length, number)
        for _ in rest:
            if conduct.stop():
                results.close()  # what it has under way is given up
                return False
            found.trials.append(next(results))
    return True


def _beyond(found: Search, plan: Round, seed: int) -> Iterator[Sequence[Settings]]:
    yield draw(found.spans, plan.trials, seed)
