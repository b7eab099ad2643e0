"""What simple methods reach: a network that does not beat them has learned nothing worth having."""

from ..engine import catalogue
from . import problems
from ._session import Session, Verdict


def run(session: Session) -> Verdict:
    """As the kind of what is told asks for it; detail["flip"]: whether mirroring a picture is harmless."""
    verdict: Verdict = catalogue.find(problems, session.ready.collection.kind).baselines(session)
    _suggest(session, verdict.detail["flip"])
    return verdict


def recall(session: Session, verdict: Verdict) -> None:
    _suggest(session, verdict.detail["flip"])


def _suggest(session: Session, flip: bool) -> None:
    if session.settings.get("features", "pixels") == "pixels":  # features are made once, of the pictures as they are
        session.suggest(flip=flip)
