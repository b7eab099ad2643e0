"""Figures of sentences as words that captions and translations share."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

from ...data.audit._evidence import Verdict as Check
from ...doctor.finding import NOTE, PASS, WARNING

HOLES, MANY_HOLES = 0.05, 0.15  # share of words that are unknown: worth a word, and too many
LEAK, MUCH = 0.02, 0.2  # share of the test's sentences that stand in training: worth a word, and too many for a test
MORE = 1.0  # added to every count, so that no word is impossible

Sentence = Sequence[str]


def unigram(train: Iterable[Sequence[int]], held_out: Iterable[Sequence[int]], vocabulary: int) -> float:
    """Nats per token of a model that knows how frequent each is, from sentences as indices that end with END."""
    counts = Counter(token for sentence in train for token in sentence)
    total = sum(counts.values()) + MORE * vocabulary
    nats = [-log((counts[token] + MORE) / total) for sentence in held_out for token in sentence]
    return sum(nats) / len(nats) if nats else log(vocabulary)


def holes(share: float, where: str, threshold: int) -> Check:
    """The share of words that a vocabulary does not hold."""
    what = f"{100 * share:.1f} % of the words of {where} are unknown: seen fewer than {threshold} times in training"
    if share <= HOLES:
        return Check("vocabulary", PASS, what, "")
    remedy = "give more sentences, or set threshold lower" if threshold > 1 else "give more sentences"
    return Check("vocabulary", WARNING if share > MANY_HOLES else NOTE, what, remedy)


def leak(test: Iterable[Sentence], train: Iterable[Sentence]) -> float:
    """The share of the test's sentences that stand in training word for word; 0 without any."""
    known = {tuple(sentence) for sentence in train}
    asked = [tuple(sentence) in known for sentence in test]
    return sum(asked) / len(asked) if asked else 0.0


def said_of(leak: float) -> str:
    """The end of a verdict's line about such a share; '' if it is not worth a word."""
    if severity_of(leak) == PASS:
        return ""
    return f"; {100 * leak:.1f} % of the test's sentences stand in training word for word"


def severity_of(share: float) -> str:
    """How bad it is that so many of the test's sentences stand in training."""
    return WARNING if share > MUCH else NOTE if share > LEAK else PASS
