"""The gated sequence: eight stages in order, each with one verdict; a blocker ends it, an interrupted one goes on."""

import time

from ..doctor.finding import BLOCKER, NOTE
from ..runs.reader import Run
from . import _forecast as forecast
from . import report
from ._session import BlockedError, InterruptedRunError, Session, Verdict
from .subjects._subject import Stage, of_recipe

SKIPPABLE = ("baselines", "checks", "search", "test", "report")


def run(session: Session) -> bool:
    """Run every stage that is not done yet; returns whether none blocked. Raises InterruptedRunError."""
    healthy = True
    for name, stage in of_recipe(session.learns).STAGES.items():
        earlier = Run(session.folder).verdict(name)
        if earlier and earlier["severity"] != BLOCKER:
            verdict = Verdict(earlier["severity"], earlier["line"], earlier["detail"])
            session.detail[name] = verdict.detail
            if not verdict.detail.get("skipped"):
                stage.recall(session, verdict)
            session.show.verdict(name, verdict.line, verdict.severity)
            continue
        verdict, seconds = _timed(session, name, stage)
        session.detail[name] = verdict.detail
        session.journal.note("verdict", stage=name, **vars(verdict), seconds=seconds)
        session.show.verdict(name, verdict.line, verdict.severity)
        if verdict.blocks:
            healthy = False
            break
        if name == "split":
            _measure(session)
    if "report" not in session.skip:
        report.publish(session)
    return healthy


def _measure(session: Session) -> None:
    try:
        forecast.tell(session)
    except KeyboardInterrupt:
        raise InterruptedRunError("forecast", session.folder) from None


def _timed(session: Session, name: str, stage: Stage) -> tuple[Verdict, float]:
    began = time.perf_counter()
    if name in session.skip:
        return Verdict(NOTE, "skipped, as asked", {"skipped": True}), 0.0
    try:
        verdict = stage.run(session)
    except BlockedError as error:
        verdict = Verdict(BLOCKER, str(error))
    except (KeyboardInterrupt, InterruptedRunError):
        session.journal.note("stopped", why="interrupted", stage=name)
        raise InterruptedRunError(name, session.folder) from None
    return verdict, time.perf_counter() - began
