"""How the learning rate changes: functions from the count of improvements to a factor on the rate."""

import math
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


def one_cycle(steps: int, warm_up: int) -> Schedule:
    """Rise in a line for `warm_up` improvements, then fall in a line to 0. Source: Smith and Topin, 2018."""

    def factor(improvement: int) -> float:
        if improvement < warm_up:
            return (improvement + 1) / (warm_up + 1)
        return max(0.0, (steps - improvement) / max(1, steps - warm_up))

    return factor


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """Multiply by `factor` after each `every` improvements."""
    return lambda improvement: factor ** (improvement // every)


def exponential(rate: float) -> Schedule:
    """a0 * exp(-rate * t)."""
    return lambda improvement: math.exp(-rate * improvement)


def inverse(rate: float) -> Schedule:
    """a0 / (1 + rate * t)."""
    return lambda improvement: 1 / (1 + rate * improvement)
