"""Confusion matrix, and the precision, recall and F1 of each class that follow from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class PerClass:
    """One entry a class, each (K,). Fractions in [0, 1]; NaN where the question has no answer (0/0)."""

    precision: NDArray[np.float64]  # of the pictures called k, how many are k; NaN if none was called k
    recall: NDArray[np.float64]  # of the pictures that are k, how many were called k; NaN if none is k
    f1: NDArray[np.float64]  # harmonic mean of the two; NaN if k neither occurs nor was called
    support: NDArray[np.int64]  # pictures that are k

    @property
    def macro_f1(self) -> float:
        """The plain mean of F1 over the classes that occur or were predicted: rare classes count as much as common."""
        return float(np.nanmean(self.f1)) if np.isfinite(self.f1).any() else float("nan")


def confusion(truth: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Counts (K, K): row is the true class, column the predicted one.

    truth, predicted: (N,) class indices. Raises ValueError if the lengths differ or a class is outside 0..K-1.
    """
    rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if rows.ndim != 1 or rows.shape != columns.shape:
        raise ValueError(f"truth is {rows.shape} but predicted is {columns.shape}; both must be (N,), one entry each")
    for kind, indices in (("true", rows), ("predicted", columns)):
        outside = np.flatnonzero((indices < 0) | (indices >= n_classes))
        if outside.size:
            first = int(outside[0])
            raise ValueError(
                f"the {kind} class of example {first} is {indices[first]}, outside 0..{n_classes - 1}; "
                "were the labels made with another list of classes?"
            )
    return np.bincount(rows * n_classes + columns, minlength=n_classes**2).reshape(n_classes, n_classes)


def per_class(matrix: NDArray[np.int64]) -> PerClass:
    """Precision, recall, F1 and support from a confusion matrix (K, K), rows truth.

    F1 is 2 TP / (2 TP + FP + FN), which equals the harmonic mean and is 0, not NaN, for a class that was always missed.
    """
    hits, support, called = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    return PerClass(_ratio(hits, called), _ratio(hits, support), _ratio(2 * hits, support + called), support)


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
