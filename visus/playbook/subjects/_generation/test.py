"""Measure the model on the test pictures once, and write down that it was done."""

from ....data.collection import TEST
from ....runs import ledger
from ....ship.opened import opened
from ... import _generation_evidence
from ..._session import Session, Verdict
from .. import _shared
from . import split


def run(session: Session) -> Verdict:
    drawings, painter = split.prepare(session), opened(session.folder)

    def tell(share: float, what: str) -> None:
        session.show.progress("test", share, 2, what)

    measured = {name: score for name, score in session.detail.get("baselines", {}).items() if isinstance(score, float)}
    rival = max(measured, key=lambda name: measured[name], default="")
    settings = _shared.resolved(session)
    found = drawings.measure.test(painter, drawings, TEST, rival, settings, session.seed, tell)
    use = ledger.record(session.runs, drawings.split.hash, session.folder.name, found.n, -found.score)
    _generation_evidence.keep(session.folder, painter, drawings, TEST, session.show, session.seed)
    detail = {**found.detail, "use": use, "split_hash": drawings.split.hash}
    _shared.write_card(session, detail)
    low, high = (found.rival.low, found.rival.high) if found.rival else (0.0, 0.0)
    return Verdict(_shared.severity_of(low, high, use), f"{found.line}; {ledger.ordinal(use)}", detail)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""
