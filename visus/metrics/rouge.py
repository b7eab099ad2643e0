"""ROUGE-L: the longest run of words, gaps allowed, that a sentence shares with what people wrote."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .cider import Words, check_pairs

BETA = 1.2  # how much more recall counts than precision; what caption benchmarks use


def rouge_l(candidates: Sequence[Words], references: Sequence[Sequence[Words]]) -> NDArray[np.float64]:
    """ROUGE-L of each sentence (N,), in [0, 1]: F of precision and recall by the longest common subsequence.

    candidates: N sentences as words; references: one or more of each. Precision and recall are each the best over the
    references, as the caption benchmarks do. Raises ValueError if the two do not fit together.
    Source: Lin, 2004, section 3, with beta 1.2.
    """
    check_pairs(candidates, references)
    return np.array([_score(one, several) for one, several in zip(candidates, references, strict=True)])


def common(first: Words, second: Words) -> int:
    """The length in words of the longest common subsequence."""
    # longest[j]: of what was read of `first` and of the first j words of `second`
    longest = [0] * (len(second) + 1)
    for word in first:
        above = 0  # longest[j - 1] before this word
        for j, other in enumerate(second, 1):
            above, longest[j] = longest[j], above + 1 if word == other else max(longest[j], longest[j - 1])
    return longest[-1]


def _score(candidate: Words, references: Sequence[Words]) -> float:
    shared = [common(candidate, one) for one in references]
    if not any(shared):
        return 0.0
    precision = max(shared) / len(candidate)
    recall = max(n / len(one) for n, one in zip(shared, references, strict=True) if one)
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)
