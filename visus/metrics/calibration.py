"""Calibration: when the network says 80 %, is it right 80 % of the time?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Reliability:
    """Predictions sorted into equal bins of confidence (M bins over [0, 1]). Means are NaN in an empty bin."""

    edges: NDArray[np.float64]  # (M + 1,)
    count: NDArray[np.int64]  # (M,) predictions in each bin
    right: NDArray[np.int64]  # (M,) how many of them were right
    confidence: NDArray[np.float64]  # (M,) mean probability given to the predicted class
    accuracy: NDArray[np.float64]  # (M,) share that was right

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance between confidence and accuracy over all predictions, in [0, 1]: 0 is perfect."""
        filled = self.count > 0
        gap = np.abs(self.confidence - self.accuracy)[filled]
        return float(np.average(gap, weights=self.count[filled]))

    @property
    def overconfidence(self) -> float:
        """Mean confidence minus accuracy, in [-1, 1]: above zero the network claims more than it delivers."""
        filled = self.count > 0
        return float(np.average((self.confidence - self.accuracy)[filled], weights=self.count[filled]))


def reliability(probabilities: NDArray[np.floating], labels: NDArray[np.integer], n_bins: int = 10) -> Reliability:
    """Sort predictions into bins of confidence; a bin holds its upper edge, the first one also zero.

    probabilities: (N, K), rows that sum to one; labels: (N,). Raises ValueError if the shapes do not fit, if nothing
    is to be scored, or if the numbers are no probabilities. Source: Guo et al., 2017, equations 2, 3 and 5.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            f"probabilities are {probabilities.shape} and labels {labels.shape}, but calibration needs (N, K) and (N,) "
            "with at least one row; does the split hold pictures?"
        )
    if not (probabilities.min() >= 0 and abs(probabilities.sum(1) - 1).max() < 1e-2):  # NaN fails both; bf16 passes
        raise ValueError("these rows are no probabilities (each in [0, 1], together 1); apply softmax to scores first")
    confidence = probabilities.max(1).astype(np.float64)
    bin_of, edges = _bins(confidence, n_bins)
    count = np.bincount(bin_of, minlength=n_bins)
    hits = np.bincount(bin_of[probabilities.argmax(1) == labels], minlength=n_bins)
    mass = np.bincount(bin_of, weights=confidence, minlength=n_bins)
    empty = np.full(n_bins, np.nan)
    return Reliability(
        edges,
        count,
        hits,
        np.divide(mass, count, out=empty.copy(), where=count > 0),
        np.divide(hits, count, out=empty, where=count > 0),
    )


def error_by_chance(
    probabilities: NDArray[np.floating], n_bins: int = 10, quantile: float = 0.95, n_draws: int = 400, seed: int = 0
) -> float:
    """The calibration error that a perfectly calibrated network with these probabilities (N, K) stays below.

    With few pictures the error is never zero: each bin's accuracy is rolled with dice. Labels are drawn from the
    network's own confidence, so that it is right by definition, and the `quantile` of the errors is returned.
    """
    confidence = probabilities.max(1).astype(np.float64)
    bin_of, _ = _bins(confidence, n_bins)
    random = np.random.default_rng(seed)
    errors = []
    for _ in range(n_draws):
        surplus = (random.random(len(confidence)) < confidence) - confidence
        errors.append(np.abs(np.bincount(bin_of, weights=surplus, minlength=n_bins)).sum() / len(confidence))
    return float(np.quantile(errors, quantile))


def _bins(confidence: NDArray[np.float64], n_bins: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The bin of each prediction (N,), and the edges of the bins (M + 1,)."""
    edges = np.linspace(0, 1, n_bins + 1)
    return np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, n_bins - 1), edges
