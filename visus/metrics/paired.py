"""Is one model better than another on the same pictures? Paired differences, their interval, and McNemar's test."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .intervals import check_confidence


@dataclass(frozen=True)
class Difference:
    """The mean of second - first over n examples, and the ends of its interval."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class McNemar:
    """only_first, only_second: examples that just one of the two got right. p: two-sided, exact."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first_right: ArrayLike, second_right: ArrayLike) -> McNemar:
    """McNemar's exact test: if both models were equally good, who is right where they differ would be a coin toss.

    first_right, second_right: (N,) whether each example was named correctly. Examples on which both are right, or both
    wrong, say nothing and do not enter. p is the chance of a split at least as uneven; 1 where they never differ.
    Raises ValueError if the two do not fit together. Source: McNemar, 1947, with the binomial in place of chi-squared.
    """
    first, second = _pair(first_right, second_right)
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    n = only_first + only_second
    if not n:
        return McNemar(0, 0, 1.0)
    from scipy.stats import binomtest  # takes half a second, and few commands compare anything

    return McNemar(only_first, only_second, float(binomtest(only_second, n, 0.5).pvalue))


def paired_bootstrap(
    first: ArrayLike, second: ArrayLike, confidence: float = 0.95, n_resamples: int = 10_000, seed: int = 0
) -> Difference:
    """The mean of second - first and its percentile bootstrap interval; what both share, hard pictures, cancels out.

    first, second: (N,) a score of each example, such as right (1) or wrong (0), or the share of several models that
    are right. Examples are drawn, pairs kept together; the same seed gives the same interval. Where the two never
    differ it is (0, 0): these examples tell no difference, others might. Raises ValueError for what is no pair.
    Source: Efron, 1979.
    """
    check_confidence(confidence)
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    _check_shapes(a, b)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a score to be compared is NaN or infinite; leave out what could not be scored, in both")
    n = len(a)
    # Accuracies differ by few distinct values: drawing N examples is drawing how often each value comes.
    values, counts = np.unique(b - a, return_counts=True)
    random = np.random.default_rng(seed)
    means = np.concatenate(
        [random.multinomial(n, counts / n, size=size) @ values / n for size in _portions(n_resamples, len(values))]
    )
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float((b - a).mean()), float(low), float(high), n)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """p-values (M,) of M questions asked at once, corrected so that below 0.05 one false alarm in 20 sets of questions.

    Source: Holm, 1979: the smallest is multiplied by M, the next by M - 1, and so on, never falling.
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    found = np.empty_like(values)
    found[order] = stepped.clip(max=1.0)
    return found


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    a, b = np.asarray(first), np.asarray(second)
    _check_shapes(a, b)
    for values in (a, b):
        if not np.isin(values, (0, 1)).all():
            raise ValueError("McNemar's test takes right (1, True) or wrong (0, False) of each example, not scores")
    return a.astype(bool), b.astype(bool)


def _check_shapes(a: NDArray[np.generic], b: NDArray[np.generic]) -> None:
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise ValueError(f"a pair is {a.shape} and {b.shape}; both must be (N,), the same N examples in the same order")


def _portions(n_resamples: int, n_values: int) -> list[int]:
    """Resamples drawn at once, so that no more than a few million counts are held."""
    most = max(1, 2_000_000 // n_values)
    return [most] * (n_resamples // most) + [n_resamples % most] * math.ceil(n_resamples % most / most)
