"""What captions without learning are worth: a captioner that does not beat them has learned grammar, not pictures."""

from ....doctor.finding import PASS
from ... import _caption_evidence
from ..._caption_scores import CIDER
from ..._session import Session, Verdict
from . import split


def run(session: Session) -> Verdict:
    captioned = split.prepare(session)
    session.show.progress("baselines", 0, 1, "the nearest pictures' captions")
    see = session.build(captioned, **session.settings).model.see  # type: ignore[union-attr]
    scores = _caption_evidence.without_learning(see, captioned, "validation")
    found = {name: one.values[CIDER] for name, one in scores.items()}
    line = f"{CIDER}: " + "   ".join(f"{name} {value:.2f}" for name, value in found.items())
    return Verdict(PASS, line, found)


def recall(session: Session, verdict: Verdict) -> None:
    """Nothing is learned from them."""
