"""Look for the objects of the test pictures once, and write down that it was done."""

from ....doctor.finding import NOTE, PASS, WARNING
from ....runs import ledger
from ....ship.opened import opened
from ..._session import Session, Verdict
from .. import _shared
from . import split

MEASURE = "mAP@.5"


def run(session: Session) -> Verdict:
    from ... import _detection_evidence

    prepared = split.prepare(session)
    session.show.progress("test", 0, 1, "looking for objects")
    found = _detection_evidence.keep(session.folder, opened(session.folder), prepared, "test")
    raise NotImplementedError(found, MEASURE, WARNING, PASS, NOTE, ledger, _shared)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""
