"""What tables of counts reach: a network that does not beat them has learned nothing worth having."""

from collections.abc import Mapping
from math import inf

from ....data.text import Text
from ....doctor.finding import NOTE, PASS
from ....models.sequence import ngram
from ..._session import Session, Verdict

LEARNABLE = 0.02  # nats that a longer context must gain, or the order of the symbols tells nothing


def run(session: Session) -> Verdict:
    text: Text = session.prepared
    session.show.progress("baselines", 0, 1, "n-grams")
    found = measured(text)
    line = "   ".join(f"{name} {nats:.3f}" for name, nats in found.items()) + " nats per character"
    learnable = found["unigram"] - min(found.values()) > LEARNABLE
    note = "" if learnable else "; what stands before tells nothing of what follows: is this text in its order?"
    return Verdict(PASS if learnable else NOTE, line + note, found)


def recall(session: Session, verdict: Verdict) -> None:
    """Nothing is learned from them."""


def measured(text: Text) -> dict[str, float]:
    """Nats per character of the validation part by name of the model: uniform, unigram, bigram and so on."""
    return ngram.baselines(text.part("train").numpy(), text.part("validation").numpy(), len(text.vocabulary))


def unigram(text: Text) -> float:
    """Nats per character of the validation part for a model of how frequent each symbol is in training."""
    return ngram.NGram(1, len(text.vocabulary)).learn(text.part("train").numpy()).nats(text.part("validation").numpy())


def best_order(found: Mapping[str, float]) -> int:
    """The order of the best of them."""
    return min(ngram.ORDERS, key=lambda order: found.get(ngram.name(order), inf))
