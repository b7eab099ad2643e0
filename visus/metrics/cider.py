"""CIDEr-D: how far a caption says what people agree on, with rare words counting more than common ones."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 4  # n-grams of 1 to 4 words
SIGMA = (
    6.0  # words: captions of another length than the reference lose, so that padding with frequent words does not pay
)
SCALE = 10.0  # the paper's: a caption identical with its only reference scores 10

Words = Sequence[str]
Gram = tuple[str, ...]


@dataclass(frozen=True)
class Rarity:
    """How rare n-grams are among n pictures; seen: of how many of them somebody said it."""

    n: int
    seen: Mapping[Gram, int]

    def __call__(self, gram: Gram) -> float:
        """ln(n / seen) in nats; what nobody said is as rare as what was said of one picture."""
        return math.log(self.n / self.seen.get(gram, 1))


def cider(
    candidates: Sequence[Words],
    references: Sequence[Sequence[Words]],
    rarity: Rarity | None = None,
) -> NDArray[np.float64]:
    """CIDEr-D of each caption (N,), in [0, 10]; the mean over the pictures is what is reported.

    candidates: N captions as words; references: for each picture what people said of it, one or more. The average over
    n = 1..4 and over the references of the cosine between TF-IDF vectors of n-grams, with counts clipped to those of
    the reference, times a Gaussian of the difference in length. rarity: of n-grams, see `rarity_in`; None takes the
    references themselves, as is usual, so with one picture, where no word is rarer than another, everything scores 0.
    Raises ValueError if the two do not fit together. Source: Vedantam et al., 2015 (CIDEr), section 5 and CIDEr-D.
    """
    check_pairs(candidates, references)
    known = rarity_in(references) if rarity is None else rarity
    scores = np.zeros(len(candidates))
    for i, (candidate, several) in enumerate(zip(candidates, references, strict=True)):
        said = _vectors(candidate, known)
        close = [_similarity(said, _vectors(one, known), len(candidate) - len(one)) for one in several]
        scores[i] = SCALE * float(np.mean(close))
    return scores


def rarity_in(references: Sequence[Sequence[Words]]) -> Rarity:
    """How rare the n-grams of 1 to 4 words are in what people said of the pictures."""
    seen: Counter[Gram] = Counter()
    for several in references:
        seen.update({gram for words in several for gram in grams(words)})
    return Rarity(len(references), seen)


def grams(words: Words, longest: int = LONGEST) -> Counter[Gram]:
    """How often each run of 1 to `longest` words occurs."""
    return Counter(tuple(words[i : i + n]) for n in range(1, longest + 1) for i in range(len(words) - n + 1))


def check_pairs(candidates: Sequence[Words], references: Sequence[Sequence[Words]]) -> None:
    """Raise ValueError for what cannot be compared: another number of captions, none, a string, or no reference."""
    if len(candidates) != len(references):
        raise ValueError(f"{len(candidates)} captions came with references for {len(references)}; give both for each")
    if not len(candidates):
        raise ValueError("there are no captions to score; give at least one with its references")
    for i, (candidate, several) in enumerate(zip(candidates, references, strict=True)):
        if isinstance(candidate, str) or isinstance(several, str) or any(isinstance(one, str) for one in several):
            raise ValueError(f"caption {i} or a reference of it is one string; split it into words first")
        if not several:
            raise ValueError(f"caption {i} has no reference; leave it out or say what people say of it")


_Vector = tuple[dict[Gram, float], list[float]]


def _vectors(words: Words, rarity: Rarity) -> _Vector:
    """The weight of each n-gram, its count times its rarity, and the length of the vector of each n."""
    weights = {gram: count * rarity(gram) for gram, count in grams(words).items()}
    squares = [0.0] * LONGEST
    for gram, weight in weights.items():
        squares[len(gram) - 1] += weight * weight
    return weights, [math.sqrt(total) for total in squares]


def _similarity(said: _Vector, true: _Vector, longer: int) -> float:
    """The mean over n of the clipped cosine, times the Gaussian of the difference in length."""
    products = [0.0] * LONGEST
    for gram, weight in said[0].items():
        wanted = true[0].get(gram, 0.0)
        products[len(gram) - 1] += min(weight, wanted) * wanted
    cosines = [p / (a * b) if a and b else 0.0 for p, a, b in zip(products, said[1], true[1], strict=True)]
    return math.exp(-(longer**2) / (2 * SIGMA**2)) * sum(cosines) / LONGEST
