"""How good captions are: every measure, with its interval, of a captioner, of simple methods and of people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..data.words import tokenise
from ..metrics.bleu import counts, of_counts
from ..metrics.cider import cider
from ..metrics.rouge import rouge_l

CIDER, ROUGE = "CIDEr", "ROUGE-L"
MEASURES = (CIDER, "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", ROUGE)
OURS, SIMPLE, PEOPLE = "ours", "simple", "people"  # who wrote captions
RESAMPLES, CONFIDENCE = 1_000, 0.95

Words = Sequence[str]


@dataclass(frozen=True)
class Scored:
    """values: by the name of each measure; low, high: ends of its 95 % interval. each: CIDEr of each caption (N,)."""

    values: Mapping[str, float]
    low: Mapping[str, float] = field(default_factory=dict)
    high: Mapping[str, float] = field(default_factory=dict)
    each: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def words_of(sentence: str) -> list[str]:
    """A sentence as it is scored: lower-case words without punctuation, as the caption benchmarks do."""
    return plain(tokenise(sentence))


def plain(tokens: Words) -> list[str]:
    """Tokens without punctuation."""
    return [token for token in tokens if any(map(str.isalnum, token))]


def scored(
    said: Sequence[Words], references: Sequence[Sequence[Words]], intervals: bool = False, seed: int = 0
) -> Scored:
    """Every measure of captions, as words: CIDEr from 0 to 10, the others from 0 to 1.

    intervals: with the percentile bootstrap over pictures (Efron, 1979); how rare words are is left as it is.
    """
    ciders, rouges = cider(said, references), rouge_l(said, references)
    counted = counts(said, references)

    def measured(rows: NDArray[np.int64]) -> list[float]:
        bleu = of_counts(counted[rows].sum(0))
        return [float(ciders[rows].mean()), *(bleu.up_to(n) / 100 for n in (1, 2, 3, 4)), float(rouges[rows].mean())]

    everything = np.arange(len(said))
    values = dict(zip(MEASURES, measured(everything), strict=True))
    if not intervals:
        return Scored(values, each=ciders)
    random = np.random.default_rng(seed)
    drawn = np.array([measured(random.integers(0, len(said), len(said))) for _ in range(RESAMPLES)])
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    ends = (dict(zip(MEASURES, end.tolist(), strict=True)) for end in (low, high))
    return Scored(values, next(ends), next(ends), ciders)


def people(references: Sequence[Sequence[Words]]) -> Scored | None:
    """What one of the people scores, held against the others; None where pictures have a single sentence.

    The others are one fewer than a captioner is held against, which costs a person some points.
    """
    several = [spoken for spoken in references if len(spoken) > 1]
    return scored([spoken[0] for spoken in several], [spoken[1:] for spoken in several]) if several else None
