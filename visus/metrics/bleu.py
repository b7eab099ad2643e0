"""BLEU: how many word sequences of a translation stand in a reference, in a corpus, for translations not too short.

Source: Papineni et al., 2002, sections 2.2 and 2.3. Words are taken as they are given: figures that are to be compared
with other people's must say how sentences were divided into words, as sacrebleu's signature does.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 4  # words in the longest sequences that are compared

Words = Sequence[Hashable]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Bleu:
    """score: from 0 to 100. precisions: percent of the sequences of 1, 2, ... words that stand in a reference, clipped.
    brevity: the factor for being shorter than the references, at most 1. length, reference_length: in words."""

    score: float
    precisions: tuple[float, ...]
    brevity: float
    length: int
    reference_length: int

    def up_to(self, n: int) -> float:
        """BLEU-n: of sequences of at most n words."""
        return self.brevity * _mean(self.precisions[:n])


def bleu(translations: Sequence[Words], references: Sequence[Sequence[Words]], most: int = MOST) -> Bleu:
    """BLEU of a corpus: N translations, and for each one or more references, all in words.

    The reference length of a translation is that of the reference nearest in length, the shorter of two that are as
    near. No smoothing: where no sequence of some length stands in a reference the score is 0.
    Raises ValueError for unequal counts, no translations, or one without a reference.
    """
    return of_counts(counts(translations, references, most).sum(0))


def counts(translations: Sequence[Words], references: Sequence[Sequence[Words]], most: int = MOST) -> Counts:
    """What BLEU is made of, for each translation, int64 (N, 2 * most + 2): sequences of 1, 2, ... words that stand in a
    reference, those that were made, and the lengths of translation and reference. A bootstrap draws its rows.

    Raises ValueError as `bleu` does.
    """
    if len(translations) != len(references) or not translations:
        raise ValueError(
            f"got {len(translations)} translations and references for {len(references)}; BLEU needs one or more "
            "references for each translation, and at least one translation"
        )
    found = np.zeros((len(translations), 2 * most + 2), dtype=np.int64)
    for number, (translation, known) in enumerate(zip(translations, references, strict=True)):
        if not known:
            raise ValueError(f"translation {number} has no reference; give one or leave it out")
        nearest = min((len(reference) for reference in known), key=lambda n: (abs(n - len(translation)), n))
        found[number, -2:] = len(translation), nearest
        for n in range(1, most + 1):
            allowed: Counter[Words] = Counter()
            for reference in known:
                allowed |= sequences(reference, n)  # the most often that any one reference has it
            made = sequences(translation, n)
            found[number, n - 1] = (made & allowed).total()
            found[number, most + n - 1] = made.total()
    return found


def of_counts(sums: Counts) -> Bleu:
    """BLEU of a corpus from the sums of its counts, int64 (2 * most + 2,)."""
    most = len(sums) // 2 - 1
    *together, length, reference_length = sums.tolist()
    pairs = zip(together[:most], together[most:], strict=True)
    precisions = tuple(100 * hits / all_made if all_made else 0.0 for hits, all_made in pairs)
    brevity = 1.0 if length >= reference_length else math.exp(1 - reference_length / length) if length else 0.0
    return Bleu(brevity * _mean(precisions), precisions, brevity, length, reference_length)


def of_sentence(translation: Words, reference: Words, most: int = MOST) -> float:
    """BLEU of one sentence, to rank sentences by, from 0 to 100: counts of two and more words are raised by one, since
    few sentences hold four right words in a row. Source: Lin and Och, 2004 (ORANGE), section 4.
    """
    if not translation:
        return 0.0
    precisions = []
    for n in range(1, most + 1):
        found, more = sequences(translation, n), int(n > 1)
        hits = (found & sequences(reference, n)).total()
        precisions.append(100 * (hits + more) / max(1, found.total() + more))
    return min(1.0, math.exp(1 - len(reference) / len(translation))) * _mean(precisions)


def sequences(words: Words, n: int) -> Counter[Words]:
    """How often each sequence of n words stands in a sentence."""
    return Counter(tuple(words[first : first + n]) for first in range(len(words) - n + 1))


def _mean(precisions: Sequence[float]) -> float:
    """The geometric mean, 0 if any is 0."""
    if min(precisions) <= 0:
        return 0.0
    return math.exp(math.fsum(map(math.log, precisions)) / len(precisions))
