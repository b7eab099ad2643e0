"""Write everything down in one page."""

from ..doctor.finding import PASS
from ..report.page import write
from ._session import Session, Verdict


def run(session: Session) -> Verdict:
    path = session.folder / "report.html"
    return Verdict(PASS, str(path), {"path": str(path)})


def recall(session: Session, verdict: Verdict) -> None:
    """Written anew after the last verdict anyway."""


def publish(session: Session) -> None:
    """Write the page. It tells of all verdicts, its own among them, so it comes after them."""
    write(session.folder)
