"""The headline: how many test pictures the network named correctly, and how sure that figure is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics.intervals import wilson
from .. import measures
from ..record import Record, number


@dataclass(frozen=True)
class Outcome:
    """Accuracy on the test split with its 95 % interval, fractions. `use` counts uses of the split, 0 if unknown.

    Of attributes and numbers another figure that is 1 at best, of sequences one that has its own scale; `measure` names
    it.
    """

    accuracy: float
    low: float
    high: float
    n: int
    use: int
    measure: str = "accuracy"

    @property
    def gauge(self) -> bool:
        """Whether the figure is a share."""
        return measures.named(self.measure).gauge

    @property
    def things(self) -> str:
        """What was looked at: pictures, characters or sentences."""
        return measures.named(self.measure).things

    def said(self, value: float) -> str:
        """A figure of this measure as people write it."""
        return measures.named(self.measure).said(value)


@dataclass(frozen=True)
class Predictions:
    """What the network said about the test pictures: probabilities (N, K), rows that sum to one; labels (N,).

    `broken` rows held no probabilities (NaN, say) and were left out; `rows` (N,) says which were kept.
    """

    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    broken: int

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest class of each picture (N,)."""
        likeliest: NDArray[np.int64] = np.argmax(self.probabilities, axis=1)
        return likeliest


def gather(record: Record) -> Outcome | None:
    """The verdict of the test stage, or what the stored predictions give; None if the test was not reached."""
    test = record.detail("test")
    measure = str(test.get("measure") or "accuracy")
    accuracy, n = number(test.get("accuracy", test.get("score"))), number(test.get("n"))
    use = number(test.get("use"))
    times = int(use) if math.isfinite(use) else 0
    if math.isfinite(accuracy):
        low, high = number(test.get("low")), number(test.get("high"))
        if not (math.isfinite(low) and math.isfinite(high)) and n > 0:
            low, high = wilson(round(accuracy * n), int(n))
        return Outcome(accuracy, low, high, int(n) if n > 0 else 0, times, measure)
    stored = predictions(record)
    if stored is None:
        return None
    total = len(stored.labels) + stored.broken  # an answer that is no number is a wrong answer
    right = int((stored.predicted == stored.labels).sum())
    return Outcome(right / total, *wilson(right, total), total, times)


def predictions(record: Record) -> Predictions | None:
    """The stored predictions that can be scored; None if there are none."""
    stored, labels = record.tensors.get("test.probabilities"), record.tensors.get("test.labels")
    if stored is None or labels is None or stored.ndim != 2 or labels.shape != stored.shape[:1]:
        return None
    probabilities = stored.astype(np.float64)
    total = probabilities.sum(1)
    sound = np.isfinite(total) & (probabilities >= 0).all(1) & (total > 0)
    sound &= (labels >= 0) & (labels < stored.shape[1])
    if not sound.any():
        return None
    kept = probabilities[sound] / total[sound, None]
    return Predictions(kept, labels[sound].astype(np.int64), np.flatnonzero(sound), int((~sound).sum()))
