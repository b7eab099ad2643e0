"""Keep episodes apart: those to learn from, those to choose by, and those of the one test."""

from ....doctor.finding import PASS
from ..._session import Session, Verdict
from .. import _shared
from .ground import Ground


def run(session: Session) -> Verdict:
    ground: Ground = session.prepared
    streams = ground.split
    _shared.describe(session, streams, world=ground.world, options=ground.options)
    line = f"{streams.how}; {ground.episodes} are for the test"
    return Verdict(PASS, line, {"hash": streams.hash, "how": streams.how, "unit": "episodes", "test": ground.episodes})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(session.prepared.split, session, verdict)
