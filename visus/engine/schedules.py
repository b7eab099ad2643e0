"""How the learning rate changes: functions from the count of improvements to a factor on the rate.

A factor is a function of the count alone, so a run that is resumed at improvement k needs nothing but k.
"""

import math
from bisect import bisect_left
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(improvement: int) -> float:
    """Always the full rate."""
    return 1.0


def cosine(steps: int, warm_up: int = 0) -> Schedule:
    """Rise in a line for `warm_up` improvements, then fall to 0 along half a cosine.

    Source: Loshchilov and Hutter, 2017 (SGDR), one cycle.
    """

    def factor(improvement: int) -> float:
        if improvement < warm_up:
            return (improvement + 1) / (warm_up + 1)
        done = (improvement - warm_up) / max(1, steps - warm_up)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    return factor


def linear(steps: int) -> Schedule:
    """Fall in a line from the full rate to 0."""
    return lambda improvement: max(0.0, 1 - improvement / max(1, steps))


def one_cycle(steps: int, warm_up: int) -> Schedule:
    """Rise in a line for `warm_up` improvements, then fall in a line to 0. Source: Smith and Topin, 2018."""

    def factor(improvement: int) -> float:
        if improvement < warm_up:
            return (improvement + 1) / (warm_up + 1)
        return max(0.0, (steps - improvement) / max(1, steps - warm_up))

    return factor


def cyclic_cosine(steps: int, cycles: int) -> Schedule:
    """`cycles` equal parts of the run; in each the rate falls from its full height towards 0 along half a cosine.

    The weights at the end of each part are a snapshot: members of an ensemble for the price of one run. `cycle_ends`
    says where the parts end. Source: Huang et al., 2017 (snapshot ensembles), after Loshchilov and Hutter, 2017.
    """
    ends = cycle_ends(steps, cycles)

    def factor(improvement: int) -> float:
        cycle = min(bisect_left(ends, improvement), len(ends) - 1)
        first = ends[cycle - 1] + 1 if cycle else 0
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (improvement - first) / (ends[cycle] + 1 - first))))

    return factor


def cycle_ends(steps: int, cycles: int) -> list[int]:
    """The last improvement of each of `cycles` parts of a run, counted from 0. A run has no more parts than steps."""
    if cycles < 1:
        raise ValueError(f"a run has at least 1 cycle; got {cycles}")
    cycles = min(cycles, steps)
    return [round(part * steps / cycles) - 1 for part in range(1, cycles + 1)]


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """Multiply by `factor` after each `every` improvements."""
    return lambda improvement: factor ** (improvement // every)


def exponential(rate: float) -> Schedule:
    """exp(-rate * t)."""
    return lambda improvement: math.exp(-rate * improvement)


def inverse(rate: float) -> Schedule:
    """1 / (1 + rate * t), which falls fast at first and ever more slowly."""
    return lambda improvement: 1 / (1 + rate * improvement)


def exponential_to(end: float, steps: int) -> Schedule:
    """The exponential that is at the factor `end` after `steps` improvements."""
    return exponential(-math.log(end) / max(1, steps))


def inverse_to(end: float, steps: int) -> Schedule:
    """The 1/t decay that is at the factor `end` after `steps` improvements."""
    return inverse((1 / end - 1) / max(1, steps))


def warmed(schedule: Schedule, warm_up: int) -> Schedule:
    """Rise in a line for `warm_up` improvements, then follow `schedule` from its start."""

    def factor(improvement: int) -> float:
        if improvement < warm_up:
            return (improvement + 1) / (warm_up + 1) * schedule(0)
        return schedule(improvement - warm_up)

    return factor


def momentum_ramp(steps: int, start: float = 0.5, end: float = 0.99) -> Schedule:
    """Not a factor but momentum itself: it rises in a line from `start` to `end` over the run.

    Little momentum while the first gradients are large and point anywhere, more once a direction is found.
    """
    return lambda improvement: start + (end - start) * min(1.0, improvement / max(1, steps - 1))


def ramp(start: float, end: float, steps: int) -> Schedule:
    """Not a factor but a value: from `start` in a line to `end` over `steps`, and `end` from then on."""
    return lambda step: start + (end - start) * min(1.0, step / max(1, steps))
