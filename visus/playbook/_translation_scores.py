"""What translations are worth: BLEU as others report it, with an interval, and that of methods without a network."""

import importlib.util
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.pairs import Pairs
from ..data.split import Rows
from ..data.words import joined, tokenise
from ..metrics.bleu import bleu
from ..models.sequence import lexical

DRAWS = 200  # of the bootstrap
MOST_FREQUENT, WORD_BY_WORD = "most frequent sentence", "word by word"


@dataclass(frozen=True)
class Scored:
    """BLEU from 0 to 100, its 95 % interval, and how it was measured: sacrebleu's signature where that is installed."""

    bleu: float
    low: float
    high: float
    signature: str

    def facts(self) -> dict[str, Any]:
        return {"bleu": self.bleu, "low": self.low, "high": self.high, "signature": self.signature}


def score(translations: Sequence[str], references: Sequence[str], lower: bool = False, draws: int = DRAWS) -> Scored:
    """BLEU of translations as people write them. lower: upper and lower case count as equal.

    By sacrebleu (13a words) if it is there, as other people's figures are; else by our own words, and `signature` says
    so. The interval is a bootstrap over sentences (Koehn, 2004).
    """
    if importlib.util.find_spec("sacrebleu"):
        return _by_sacrebleu(translations, references, lower, draws)
    words = [[tokenise(text, lower) for text in texts] for texts in (translations, references)]
    value = bleu(words[0], [[one] for one in words[1]]).score
    dice = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        rows = dice.integers(len(words[0]), size=len(words[0]))
        found.append(bleu([words[0][row] for row in rows], [[words[1][row]] for row in rows]).score)
    low, high = _interval(found, value)
    return Scored(value, low, high, f"visus words|{'lower case' if lower else 'cased'}")


def _by_sacrebleu(translations: Sequence[str], references: Sequence[str], lower: bool, draws: int) -> Scored:
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(lowercase=lower)
    found = metric.corpus_score(list(translations), [list(references)])
    signature = str(metric.get_signature())
    # Counts of each sentence, summed over a draw of sentences: sacrebleu's own way of a bootstrap.
    counts = np.array(metric._extract_corpus_statistics(list(translations), [list(references)]))
    dice = np.random.default_rng(0)
    drawn = [counts[dice.integers(len(counts), size=len(counts))].sum(0).tolist() for _ in range(draws)]
    low, high = _interval([metric._compute_score_from_stats(one).score for one in drawn], found.score)
    return Scored(float(found.score), low, high, signature)


def _interval(drawn: Sequence[float], value: float) -> tuple[float, float]:
    if not len(drawn):
        return value, value
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def baselines(pairs: Pairs, part: str = "validation") -> dict[str, float]:
    """BLEU on a part of what needs no network: the sentence that people wrote most often, always; and the most
    probable translation of each word, in the order of the source."""
    rows, train = pairs.rows(part), pairs.rows("train")
    references = [pairs.target_text[row] for row in rows]
    (often, _), *_ = Counter(pairs.target_text[row] for row in train).most_common(1)
    return {
        MOST_FREQUENT: score([often] * len(rows), references, pairs.lower, draws=0).bleu,
        WORD_BY_WORD: score(word_by_word(pairs, rows), references, pairs.lower, draws=0).bleu,
    }


def word_by_word(pairs: Pairs, rows: Rows | Sequence[int]) -> list[str]:
    """Sentences translated by a lexicon of the training part."""
    sources, targets = pairs.encoded
    train = pairs.rows("train")
    sizes = len(pairs.source_vocabulary), len(pairs.target_vocabulary)
    lexicon = lexical.learn([sources[row] for row in train], [targets[row] for row in train], *sizes)
    unknown = pairs.target_vocabulary.unknown
    return [
        joined(pairs.target_vocabulary.tokens[word] for word in lexicon.translate(sources[row]) if word != unknown)
        for row in rows
    ]
