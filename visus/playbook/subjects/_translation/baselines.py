"""What translation without a network is worth: the commonest sentence, and word by word."""

from ....doctor.finding import PASS
from ... import _translation_scores as scores
from ..._session import Session, Verdict
from . import split


def run(session: Session) -> Verdict:
    session.show.progress("baselines", 0, 1, "a lexicon")
    found = scores.baselines(split.prepare(session), "validation")
    line = "BLEU: " + "   ".join(f"{name} {value:.1f}" for name, value in found.items())
    return Verdict(PASS, line, found)


def recall(session: Session, verdict: Verdict) -> None:
    """Nothing is learned from them."""
