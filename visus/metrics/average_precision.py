"""Average precision: how purely a score ranks what is above what is not."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def average_precision(scores: ArrayLike, truth: ArrayLike) -> float:
    """The area under the curve of precision over recall, as a sum over the ranks where recall rises, in [0, 1].

    scores: (N,), higher for a surer yes; truth: (N,) in {0, 1}. Examples of equal score are met together, so that
    their order cannot matter. NaN without a single yes. Raises ValueError if the shapes do not fit, or for a score that
    is NaN. A random order reaches the share of yes, which is the figure to compare with.
    """
    ranked, yes = _check(scores, truth)
    if not yes.any():
        return float("nan")
    order = np.argsort(-ranked, kind="stable")
    hits = yes[order].cumsum()
    ends = np.flatnonzero(np.append(np.diff(ranked[order]) != 0, True))  # the last example of each score
    precision, recall = hits[ends] / (ends + 1), hits[ends] / hits[-1]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def mean_average_precision(scores: ArrayLike, truth: ArrayLike) -> float:
    """The mean of `average_precision` over attributes: scores (B, A), truth (B, A) in {0, 1}.

    Attributes that no example has are left out; NaN if no attribute is left.
    """
    columns, rows = np.asarray(scores), np.asarray(truth)
    if columns.ndim != 2 or columns.shape != rows.shape:
        raise ValueError(
            f"scores are {columns.shape} and truth {rows.shape}; both must be (B, A), an attribute a column"
        )
    found = np.array([average_precision(columns[:, a], rows[:, a]) for a in range(columns.shape[1])])
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def _check(scores: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    ranked, yes = np.asarray(scores, dtype=np.float64), np.asarray(truth)
    if ranked.ndim != 1 or ranked.shape != yes.shape or not len(ranked):
        raise ValueError(
            f"scores are {ranked.shape} and truth {yes.shape}; both must be (N,) with at least one example"
        )
    if np.isnan(ranked).any() or not np.isin(yes, (0, 1)).all():
        raise ValueError("average precision takes scores without NaN and truth in {0, 1}; did the network diverge?")
    return ranked, yes.astype(bool)
