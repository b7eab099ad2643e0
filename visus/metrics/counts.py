"""Scores of a yes-or-no question from its four counts: accuracy, precision, recall and F1, each with its interval."""

from dataclasses import dataclass
from math import nan

from .intervals import wilson, wilson_f1

Interval = tuple[float, float]


@dataclass(frozen=True)
class Counts:
    """How often yes and no were said rightly and wrongly.

    tp: yes, and it was. fp: yes, but it was not. fn: no, but it was. tn: no, and it was not. Scores are fractions in
    [0, 1], NaN where the question has no answer (0/0); intervals are Wilson's, (0, 1) where nothing is known.
    Raises ValueError for a negative count.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0 or int(value) != value:
                raise ValueError(f"{name} must be a whole number of examples, 0 or more; got {value}")

    @property
    def n(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def accuracy(self) -> float:
        """(TP + TN) / all: a right no counts as much as a right yes, which some course notes forget."""
        return _share(self.tp + self.tn, self.n)

    @property
    def precision(self) -> float:
        """TP / (TP + FP): of those called yes, how many are."""
        return _share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """TP / (TP + FN): of those that are, how many were called yes."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def intervals(self, confidence: float = 0.95) -> dict[str, Interval]:
        """The interval (low, high) of each score, by its name."""
        return {
            "accuracy": wilson(self.tp + self.tn, self.n, confidence),
            "precision": wilson(self.tp, self.tp + self.fp, confidence),
            "recall": wilson(self.tp, self.tp + self.fn, confidence),
            "f1": wilson_f1(self.tp, self.fp, self.fn, confidence),
        }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else nan
