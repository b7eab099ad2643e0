"""Look at every picture before learning to draw its like."""

from ....data.audit._evidence import Evidence
from ....data.audit._run import audit
from ..._session import Session, Verdict
from .. import _shared
from . import split

OF_CLASSES = ("class_balance", "class_size", "conflicting_labels", "shortcut", "targets")  # drawing asks for none


def run(session: Session) -> Verdict:
    drawings = split.prepare(session)
    assert session.gathered is not None, "the pictures were looked at to be prepared"
    evidence = session.gathered.evidence
    checks = [check for check in audit(evidence) if check.check not in OF_CLASSES]
    n, canvas = len(evidence.observations), drawings.canvas
    several = sizes(evidence)
    told = f"{n:,} pictures, drawn as {canvas}"
    if several > 1:
        told += (
            f"; they have {several} different sizes, brought to {canvas.width} x {canvas.height} (size=... names it)"
        )
    unreadable = sum(bool(seen.error) for seen in evidence.observations)
    told += f"; {unreadable} unreadable, left out" if unreadable else ""
    shown = [
        (f"{canvas.width} x {canvas.height}", "pixels each"),
        ("grey" if canvas.channels == 1 else "colour", "pictures"),
        (f"{canvas.levels}", "levels of each value"),
    ]
    return _shared.audited(told, checks, n=n, unit="pictures", facts=shown, unreadable=unreadable)


def recall(session: Session, verdict: Verdict) -> None:
    """Pictures are prepared by the stage that divides them."""


def sizes(evidence: Evidence) -> int:
    """How many different sizes the readable pictures have."""
    return len({(seen.width, seen.height) for seen in evidence.observations if not seen.error})
