"""Paint the test pictures once, and write down that it was done."""

from ....data.collection import TEST
from ....runs import ledger
from ....ship.opened import opened
from ... import _segmentation_evidence
from ..._session import BlockedError, Session, Verdict
from .. import _shared
from . import split


def run(session: Session) -> Verdict:
    prepared, model = split.prepare(session), opened(session.folder)
    try:
        found = _segmentation_evidence.keep(session.folder, model, prepared, TEST, session.show, session.seed)
    except ValueError as error:  # a test part without a single pixel that counts
        raise BlockedError(str(error)) from error
    use = ledger.record(session.runs, prepared.split.hash, session.folder.name, len(found.rows), found.scores.mean_iou)
    detail = {**found.detail, "use": use, "split_hash": prepared.split.hash}
    _shared.write_card(session, detail)
    line = f"{found.line}; {ledger.ordinal(use)}"
    return _shared.held_against(session, found.interval[1], use, line, detail)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""
