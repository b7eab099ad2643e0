"""How far predicted numbers are from the true ones: MAE, RMSE and R2 of each, with their intervals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .intervals import check_confidence

Floats = NDArray[np.float64]
SMALLEST = 1e-12  # a truth that never changes is not divided by 0


@dataclass(frozen=True)
class Figure:
    """A figure with the ends of its bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Errors:
    """Of one number. mae, rmse: in its own unit. r2: the share of the truth's variance that is explained, 1 at best, 0
    for always predicting the mean of the truth."""

    mae: Figure
    rmse: Figure
    r2: Figure


def errors(
    predicted: ArrayLike, truth: ArrayLike, confidence: float = 0.95, n_resamples: int = 1000, seed: int = 0
) -> list[Errors]:
    """One entry for each of T numbers: predicted and truth are (N, T).

    Intervals are percentile bootstraps over examples; the same seed gives the same interval. With few examples they
    are too narrow. Raises ValueError if shapes differ, nothing is there or a value is not finite. Source: Efron, 1979.
    """
    said, true = _checked(predicted, truth)
    check_confidence(confidence)
    n = len(said)
    drawn = np.random.default_rng(seed).integers(0, n, (n_resamples, n))
    found = []
    for t in range(said.shape[1]):
        error, column = said[:, t] - true[:, t], true[:, t]
        resampled = [_figures(error[rows], column[rows]) for rows in drawn]
        ends = np.quantile(np.array(resampled), [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
        figures = [Figure(v, float(low), float(high)) for v, low, high in zip(_figures(error, column), *ends)]
        found.append(Errors(*figures))
    return found


def explained(predicted: ArrayLike, truth: ArrayLike) -> float:
    """R2 averaged over the T numbers: predicted and truth are (N, T)."""
    said, true = _checked(predicted, truth)
    return float(np.mean([_figures(said[:, t] - true[:, t], true[:, t])[2] for t in range(said.shape[1])]))


def interval(
    measure: Callable[[NDArray[np.int64]], float],
    n: int,
    confidence: float = 0.95,
    n_resamples: int = 300,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap (low, high) of any figure. measure: of the rows (n,) drawn; a NaN of it is left out."""
    check_confidence(confidence)
    random = np.random.default_rng(seed)
    values = np.array([measure(random.integers(0, n, n)) for _ in range(n_resamples)])
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _figures(error: Floats, truth: Floats) -> tuple[float, float, float]:
    squared = float((error**2).mean())
    return float(np.abs(error).mean()), squared**0.5, 1 - squared / max(float(truth.var()), SMALLEST)


def _checked(predicted: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    said, true = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if said.ndim != 2 or said.shape != true.shape or not len(said):
        raise ValueError(f"predictions are {said.shape} and the truth {true.shape}; both must be (N, T) with N >= 1")
    if not (np.isfinite(said).all() and np.isfinite(true).all()):
        raise ValueError("predictions or truth hold NaN or infinite values; did the network diverge?")
    return said, true
