"""What all classifiers of rows of numbers share: looking at what comes in, scores, probabilities, labels."""

from abc import ABC, abstractmethod
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

LARGEST = 1e150  # magnitude of a feature whose square is still a number
AT_ONCE = 2_048  # rows scored at once, so that memory does not grow with what is asked

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


class RowClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A classifier of rows (n, d) of any numbers, with labels of any kind.

    A child says how it learns (`_learn`) and how it scores (`_score`); both see standardised rows, if `standardise`.
    """

    standardise: bool

    def fit(self, X: ArrayLike, y: ArrayLike) -> "RowClassifier":
        """Learn from rows X (n, d) and labels y (n,).

        Raises ValueError for NaN and infinite features, for labels of one class, and for a setting that cannot be.
        """
        rows, labels = validate_data(self, X, y, dtype="numeric", ensure_all_finite=False)
        check_classification_targets(labels)
        self.classes_, indices = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"the labels hold one class, {self.classes_[0]}; a classifier needs at least two classes")
        rows = _as_floats(rows)
        if self.standardise:
            self.mean_, self.scale_ = self._statistics(rows)
        self._learn(self._standardised(rows), indices.astype(np.int64))
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The label of each row, (n,), of the kind that `fit` was given. A tie goes to the smaller label."""
        best = self._scores(X).argmax(1)  # first: it says so if there was no fit
        found: NDArray[Any] = self.classes_[best]
        return found

    def decision_function(self, X: ArrayLike) -> Floats:
        """Scores (n, K), columns in the order of `classes_`; of two classes the second's lead over the first, (n,)."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Class probabilities (n, K), columns in the order of `classes_`."""
        return self._shares(self._scores(X))

    @abstractmethod
    def _learn(self, rows: Floats, labels: Ints) -> None:
        """Learn from rows (n, d) and labels (n,) in 0..K-1."""

    @abstractmethod
    def _score(self, rows: Floats) -> Floats:
        """Rows (n, d) -> scores (n, K), float64."""

    def _shares(self, scores: Floats) -> Floats:
        found: Floats = softmax(scores, axis=1)
        return found

    def _statistics(self, rows: Floats) -> tuple[Floats, Floats]:
        """What is taken off each feature, and what it is divided by: 1 where it never changes."""
        scaler = StandardScaler().fit(rows)
        return scaler.mean_, scaler.scale_

    def _standardised(self, rows: Floats) -> Floats:
        # In float64: a year or an identifier with a small spread would be rounded away before it is centred.
        return (rows - self.mean_) / self.scale_ if self.standardise else rows

    def _scores(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        rows = _as_floats(validate_data(self, X, reset=False, dtype="numeric", ensure_all_finite=False))
        pieces = [rows[i : i + AT_ONCE] for i in range(0, len(rows), AT_ONCE)]
        return np.concatenate([self._score(self._standardised(piece)) for piece in pieces])


def at_least(low: float, **settings: float) -> None:
    """Raise ValueError for the first setting that is no number or below `low`, naming it."""
    for name, value in settings.items():
        if not isinstance(value, Real) or not value >= low:
            raise ValueError(f"{name} must be a number, at least {low:g}; got {value!r}")


def one_of(known: Any, **settings: str) -> None:
    """Raise ValueError for the first setting that is none of the `known` names."""
    for name, value in settings.items():
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}")


def _as_floats(rows: NDArray[Any]) -> Floats:
    """float32 where that holds every value exactly, else float64."""
    exact = rows.dtype in (np.float32, np.float16, np.uint8, np.int8, np.uint16, np.int16, np.bool_)
    floats: Floats = np.ascontiguousarray(rows, dtype=np.float32 if exact else np.float64)
    if not np.isfinite(floats).all():
        row, column = np.argwhere(~np.isfinite(floats))[0]
        kind = "NaN" if np.isnan(floats[row, column]) else "infinity"
        raise ValueError(f"feature {column} of row {row} is {kind}; fill it in, or leave that row out")
    largest = float(np.abs(floats).max(initial=0))
    if not largest < LARGEST:
        raise ValueError(f"a feature reaches {largest:.1e}, beyond what can be squared; scale it down first")
    return floats
