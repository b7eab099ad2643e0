"""What averaging the predictions of several models gains, on examples that none of them learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from .intervals import wilson
from .paired import Difference, paired_bootstrap

MOST_GROUPS = 60  # of one size that are averaged for the curve; more would only smooth it further


@dataclass(frozen=True)
class Step:
    """Accuracy of `members` models averaged: mean, lowest and highest over groups of that size."""

    members: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    """An ensemble beside its M members, on n examples.

    members: accuracy of each alone (M,). accuracy, low, high: of all averaged, with Wilson's interval. over_mean,
    over_best, over_last: the ensemble minus the mean member, minus the best one, which was picked by the same examples,
    and minus the last one.
    disagreement: share of examples on which two members differ, averaged over pairs. curve: one step for 1 ... M.
    """

    members: Sequence[float]
    accuracy: float
    low: float
    high: float
    n: int
    over_mean: Difference
    over_best: Difference
    over_last: Difference
    disagreement: float
    curve: Sequence[Step]


def measure(probabilities: NDArray[np.floating], labels: NDArray[np.integer], seed: int = 0) -> Gain:
    """Compare the average of M members with each of them.

    probabilities: (M, N, K), of each member; labels: (N,). Raises ValueError if they do not fit or N is 0.
    """
    if probabilities.ndim != 3 or labels.shape != probabilities.shape[1:2] or not len(labels):
        raise ValueError(
            f"probabilities are {probabilities.shape} and labels {labels.shape}, but a gain needs (M, N, K) and (N,) "
            "with at least one example; do the members share any?"
        )
    answers = probabilities.argmax(2)  # (M, N)
    right = answers == labels
    together = probabilities.mean(0).argmax(1) == labels
    alone = right.mean(1)
    low, high = wilson(int(together.sum()), len(labels))
    return Gain(
        alone.tolist(),
        float(together.mean()),
        low,
        high,
        len(labels),
        paired_bootstrap(right.mean(0), together),
        paired_bootstrap(right[alone.argmax()], together),
        paired_bootstrap(right[-1], together),
        _disagreement(answers),
        [_step(probabilities, labels, m, seed) for m in range(1, len(probabilities) + 1)],
    )


def _step(probabilities: NDArray[np.floating], labels: NDArray[np.integer], m: int, seed: int) -> Step:
    groups = _groups(len(probabilities), m, seed)
    shares = [float((probabilities[group].mean(0).argmax(1) == labels).mean()) for group in groups]
    return Step(m, float(np.mean(shares)), min(shares), max(shares))


def _groups(n: int, m: int, seed: int) -> list[list[int]]:
    """All groups of m of n members, or MOST_GROUPS of them by chance."""
    if comb(n, m) <= MOST_GROUPS:
        return [list(group) for group in combinations(range(n), m)]
    random = np.random.default_rng([seed, m])
    return [random.permutation(n)[:m].tolist() for _ in range(MOST_GROUPS)]


def _disagreement(answers: NDArray[np.integer]) -> float:
    pairs = [float((answers[i] != answers[j]).mean()) for i, j in combinations(range(len(answers)), 2)]
    return float(np.mean(pairs)) if pairs else 0.0
