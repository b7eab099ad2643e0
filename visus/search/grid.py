"""Grid search: every combination of a few evenly spaced values of each setting, its ends among them.

Kept for comparison and for settings with few values: of n trials over two settings only the square root of n are
different in the one that matters (Bergstra and Bengio, 2012). A further round is a finer grid around the best.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from ._narrow import narrow
from ._rounds import Conduct, Run, RunMany, Tell, never, search_in_rounds, silent
from ._space import Choices, Round, Search, Settings, Space, Span, Trial, Value


def rounds(trials: int, length: float) -> list[Round]:
    """One round."""
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
    """Try a grid over `space` of at most as many points as each round has trials.

    Raises ValueError if the listed values alone make more combinations than there are trials.
    """
    found = Search(spans=dict(space))

    def proposals(plan: Round, number: int) -> Iterator[Sequence[Settings]]:
        yield points(found.spans, plan.trials)

    return search_in_rounds(found, rounds, seed, Conduct(run, known, stop, run_many, tell), proposals, narrow)


def points(space: Space, most: int) -> list[dict[str, Value]]:
    """The points of the largest nearly square grid with at most `most` of them. Raises ValueError if there is none."""
    axes = [_values(span, n) for span, n in zip(space.values(), _counts(space, most), strict=True)]
    return [dict(zip(space, point, strict=True)) for point in product(*axes)]


def _counts(space: Space, most: int) -> list[int]:
    """How many values of each setting: all of a list, and of the spans about equally many."""
    counts = [len(span.values) if isinstance(span, Choices) else 1 for span in space.values()]
    if math.prod(counts) > most:
        raise ValueError(f"the listed values make {math.prod(counts)} combinations; allow as many trials, not {most}")
    grown = True
    while grown:
        grown = False
        for i, span in sorted(enumerate(space.values()), key=lambda place: counts[place[0]]):
            larger = math.prod(counts) // counts[i] * (counts[i] + 1)
            if isinstance(span, Span) and larger <= most and counts[i] < _most_values(span):
                counts[i] += 1
                grown = True
                break
    return counts


def _most_values(span: Span) -> float:
    return math.floor(span.high) - math.ceil(span.low) + 1 if span.whole else math.inf


def _values(span: Span | Choices, n: int) -> list[Value]:
    if isinstance(span, Choices):
        return list(span.values)
    # Whole numbers may round to the same value.
    return list(dict.fromkeys(span.at(i / (n - 1) if n > 1 else 0.5) for i in range(n)))
