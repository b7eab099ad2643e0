"""Word by word: for each word its most probable translation, in the order of the source. It needs no network.

The probabilities are those of a source word standing behind a target word, found by expectation maximisation from
sentences alone, none of their words aligned. Source: Brown et al., 1993, Model 1 (section 4.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 8  # of expectation maximisation; the table hardly moves after five
PAIRS = 20_000  # sentences that are counted, spread evenly: a table of words is sure of itself early

Ids = Sequence[int]


@dataclass(frozen=True)
class Lexicon:
    """best: for each source word the target word that it most often explains, or -1 for none. probability: of that."""

    best: NDArray[np.int64]
    probability: NDArray[np.float64]

    def translate(self, source: Ids) -> list[int]:
        """The target words of a sentence, a word without a translation left out."""
        return [int(word) for word in self.best[np.asarray(source, dtype=np.int64)] if word >= 0]


def learn(source: Sequence[Ids], target: Sequence[Ids], n_source: int, n_target: int, rounds: int = ROUNDS) -> Lexicon:
    """A lexicon of N pairs of sentences, in indices below n_source and n_target.

    Each target word is explained by one word of the source or by none (an empty word that stands in all sentences).
    Raises ValueError for unequal or no sentences.
    """
    if len(source) != len(target) or not len(source):
        raise ValueError(f"got {len(source)} sentences and {len(target)} translations; a lexicon needs one for each")
    rows = np.linspace(0, len(source) - 1, min(PAIRS, len(source))).astype(np.int64)
    links, places = _links([source[row] for row in rows], [target[row] for row in rows], n_source)
    codes, link = np.unique(links[:, 0] * n_target + links[:, 1], return_inverse=True)  # (source, target) that meet
    left, right = codes // n_target, codes % n_target
    chance = np.full(len(codes), 1.0)  # t(target word | source word)
    for _ in range(rounds):
        blame = chance[link]
        blame /= np.bincount(places, blame)[places]  # over the words that may explain one place of the target
        counts = np.bincount(link, blame, len(codes))
        chance = counts / np.bincount(left, counts, n_source + 1)[left]
    order = np.lexsort((chance, left))  # the best of each source word stands last
    last = order[np.append(left[order][1:] != left[order][:-1], True)]
    last = last[left[last] < n_source]  # without the empty word
    best, probability = np.full(n_source, -1, dtype=np.int64), np.zeros(n_source)
    best[left[last]], probability[left[last]] = right[last], chance[last]
    return Lexicon(best, probability)


def _links(source: Sequence[Ids], target: Sequence[Ids], empty: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All (source word, target word) of one pair, (L, 2), and the place of the target each would explain, (L,)."""
    links, places, place = [], [], 0
    for left, right in zip(source, target, strict=True):
        words = np.array([empty, *left], dtype=np.int64)
        links.append(np.stack([np.tile(words, len(right)), np.repeat(np.asarray(right, np.int64), len(words))], 1))
        places.append(np.repeat(np.arange(place, place + len(right)), len(words)))
        place += len(right)
    return np.concatenate(links), np.concatenate(places)
