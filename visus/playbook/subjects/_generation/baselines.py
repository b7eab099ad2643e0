"""What simple methods reach by the measure of the network: one that does not beat them has learned nothing."""

from ....doctor.finding import PASS
from ..._session import Session, Verdict
from .. import _shared
from . import split


def run(session: Session) -> Verdict:
    drawings = split.prepare(session)

    def tell(share: float, what: str) -> None:
        session.show.progress("baselines", share, 1, what)

    found = drawings.measure.simple(drawings, _shared.resolved(session), session.seed, tell)
    line = "   ".join(f"{name.replace('_', ' ')} {drawings.measure.said(score)}" for name, score in found.items())
    return Verdict(PASS, line, found)


def recall(session: Session, verdict: Verdict) -> None:
    """Nothing is learned from them."""
