"""Describe the test pictures once, and write down that it was done."""

from ....runs import ledger
from ....ship.opened import opened
from ... import _caption_evidence
from ..._session import Session, Verdict
from .. import _shared
from . import split


def run(session: Session) -> Verdict:
    captioned = split.prepare(session)
    captioner = opened(session.folder)
    found = _caption_evidence.examine(captioner, captioned, "test", session.show)
    n, score = len(found.rows), found.detail["score"]
    use = ledger.record(session.runs, captioned.split.hash, session.folder.name, n, score)
    detail = {**found.detail, "use": use, "split_hash": captioned.split.hash}
    _caption_evidence.keep(session.folder, captioner, captioned, found, session.seed)
    _shared.write_card(session, detail)
    return Verdict(
        _shared.severity_of(found.lead.low, found.lead.high, use), f"{found.line}; {ledger.ordinal(use)}", detail
    )


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""
