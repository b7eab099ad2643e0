"""Confidence intervals: how far a score measured on a finite test set may be from the true one."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class F1Intervals:
    """Bootstrap intervals of F1. low, high: (K,), NaN for a class that never occurs; macro: (low, high)."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    macro: tuple[float, float]


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval (low, high) of a proportion, in [0, 1]. Without trials it is (0, 1): nothing is known.

    Unlike the textbook's p +- z sqrt(p(1-p)/n) it never leaves [0, 1] and stays honest at 0 and n successes.
    Raises ValueError unless 0 <= successes <= n and 0 < confidence < 1. Source: Wilson, 1927.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} trials: give counts with 0 <= successes <= n, not percentages")
    z = _z(confidence)
    if not n:
        return 0.0, 1.0
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    # exact at the ends, where rounding would leave 1e-17 or 0.9999999
    return (0.0 if successes == 0 else centre - reach, 1.0 if successes == n else centre + reach)


def wilson_f1(hits: int, false_alarms: int, misses: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval carried over to the F1 of one class, from its TP, FP and FN.

    Among the pictures that are k or were called k, the share that is both, J = TP / (TP + FP + FN), is a plain
    proportion, and F1 = 2 J / (1 + J) rises with it; so the ends of J's interval are the ends of F1's. It stays
    honest for a class with six pictures and no mistake, where the bootstrap would claim 100 % to 100 %.
    """
    low, high = wilson(hits, hits + false_alarms + misses, confidence)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def bootstrap_f1(
    matrix: NDArray[np.int64], confidence: float = 0.95, n_resamples: int = 1000, seed: int = 0
) -> F1Intervals:
    """Percentile bootstrap of each class's F1 and of their mean, from a confusion matrix (K, K), rows truth.

    Drawing N pictures with replacement is drawing the cells of the matrix from a multinomial, so no picture is needed.
    The same seed gives the same interval. With few pictures of a class it is too narrow (see `wilson_f1`).
    Raises ValueError for an empty matrix. Source: Efron, 1979.
    """
    n = int(matrix.sum())
    if not n:
        raise ValueError("the confusion matrix is empty; score at least one example before asking for an interval")
    check_confidence(confidence)
    random = np.random.default_rng(seed)
    rows, columns = np.nonzero(matrix)  # few of the K*K cells: drawing only these keeps K = 1000 affordable
    shares, right, K = matrix[rows, columns] / n, rows == columns, len(matrix)
    f1 = np.full((n_resamples, K), np.nan)
    for scores in f1:
        drawn = random.multinomial(n, shares)
        hits = np.bincount(rows[right], drawn[right], K)
        seen_or_called = np.bincount(rows, drawn, K) + np.bincount(columns, drawn, K)
        np.divide(2 * hits, seen_or_called, out=scores, where=seen_or_called > 0)
    macro = np.nanmean(f1, axis=1)
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    seen = np.isfinite(f1).any(0)
    bounds = np.full((2, len(matrix)), np.nan)
    bounds[:, seen] = np.nanquantile(f1[:, seen], ends, axis=0)
    low, high = np.quantile(macro, ends)
    return F1Intervals(bounds[0], bounds[1], (float(low), float(high)))


def bootstrap_mean(
    values: NDArray[np.float64], confidence: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap of the mean of values (N,). The same seed gives the same interval.

    Raises ValueError for no value. Source: Efron, 1979.
    """
    n = len(values)
    if not n:
        raise ValueError("there is no value to take the mean of; score at least one example first")
    check_confidence(confidence)
    random = np.random.default_rng(seed)
    # one resample at a time: all together would need N * n_resamples numbers
    means = [float(values[random.integers(0, n, n)].mean()) for _ in range(n_resamples)]
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def check_confidence(confidence: float) -> None:
    """Raise ValueError for what is no confidence level."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, for example 0.95; got {confidence}")


def _z(confidence: float) -> float:
    check_confidence(confidence)
    return NormalDist().inv_cdf((1 + confidence) / 2)
