"""Captions that need no training: what people say most often, and what they said of the picture that looks most alike.

Whatever a captioner writes must be better than these, or it has learned grammar and not pictures.
Source: Devlin et al., 2015, Exploring Nearest Neighbor Approaches for Image Captioning (the consensus of neighbours).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from ..geometry.neighbours import nearest
from ..metrics.cider import LONGEST, Rarity, Words, grams, rarity_in

Spoken = Sequence[Sequence[Words]]  # for each picture what people said of it
NEIGHBOURS = 5  # pictures whose captions are gathered; Devlin et al. take 50 to 200 of 80,000
MOST_FREQUENT, MOST_TYPICAL, NEAREST = "most frequent caption", "most typical caption", "nearest picture's caption"


def answers(spoken: Spoken, features: Tensor, asked: Tensor) -> dict[str, list[Words]]:
    """By the name of each baseline a caption for each picture asked about.

    spoken: captions of N training pictures as words; features: (N, D) of these, asked: (M, D) of the others.
    Raises ValueError if there are no captions.
    """
    rarity = rarity_in(spoken)
    return {
        MOST_FREQUENT: [most_frequent(spoken, rarity)] * len(asked),
        MOST_TYPICAL: [most_typical(_flat(spoken), rarity)] * len(asked),
        NEAREST: of_neighbours(spoken, features, asked, rarity),
    }


def most_frequent(spoken: Spoken, rarity: Rarity) -> Words:
    """The caption given most often, word for word; of several given equally often the most typical."""
    times = Counter(tuple(words) for words in _flat(spoken))
    often = max(times.values())
    return most_typical([list(words) for words, n in times.items() if n == often], rarity, _flat(spoken))


def most_typical(captions: Sequence[Words], rarity: Rarity, among: Sequence[Words] = ()) -> Words:
    """The caption most like all others, or like those `among` which it is judged: by CIDEr's cosine on average."""
    if len(captions) == 1:
        return captions[0]
    rows = _rows([*captions, *among], rarity)
    judged = rows[len(captions) :] if len(among) else rows
    # the cosine is linear, so the mean over all others is one product with their mean
    likeness = rows[: len(captions)] @ np.asarray(judged.mean(axis=0)).ravel()
    return captions[int(np.argmax(likeness))]


def of_neighbours(spoken: Spoken, features: Tensor, asked: Tensor, rarity: Rarity, k: int = NEIGHBOURS) -> list[Words]:
    """For each picture asked about the most typical caption of the k training pictures that look most alike."""
    _, near = nearest(asked.float(), features.float(), min(k, len(spoken)), "cosine")
    return [most_typical(_flat([spoken[i] for i in row]), rarity) for row in near.tolist()]


def _flat(spoken: Spoken) -> list[Words]:
    captions = [words for several in spoken for words in several if words]
    if not captions:
        raise ValueError("there are no captions to take an answer from; give training pictures that have some")
    return captions


def _rows(captions: Sequence[Words], rarity: Rarity) -> Any:
    """Sparse rows whose products are CIDEr's cosines, averaged over n-grams of 1 to 4 words, without its clipping."""
    from scipy.sparse import csr_matrix  # takes a while to load, and few commands need it

    columns: dict[tuple[str, ...], int] = {}
    values: list[float] = []
    places: list[tuple[int, int]] = []
    for row, words in enumerate(captions):
        weights = {gram: times * rarity(gram) for gram, times in grams(words).items()}
        for n in range(1, LONGEST + 1):
            mine = {gram: weight for gram, weight in weights.items() if len(gram) == n}
            length = np.sqrt(sum(weight**2 for weight in mine.values()) * LONGEST)
            for gram, weight in mine.items():
                values.append(weight / length if length else 0.0)
                places.append((row, columns.setdefault(gram, len(columns))))
    at = np.array(places, dtype=np.int64).reshape(-1, 2)
    return csr_matrix((values, (at[:, 0], at[:, 1])), shape=(len(captions), max(len(columns), 1)))
