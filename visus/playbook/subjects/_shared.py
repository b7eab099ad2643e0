"""What text, translation and captions have in common as subjects: how they are shipped, kept and said."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import recipes
from ...data.audit._evidence import Verdict as Check
from ...data.audit._run import worst
from ...data.split import Split
from ...doctor.finding import NOTE, WARNING
from ...engine import catalogue
from ...engine.task import Task
from ...recipes import _form
from ...runs.checkpoint import write_whole
from ...runs.reader import Run
from ...runs.recorder import write_info
from ...ship import kinds, model
from .._session import BlockedError, Session, Verdict
from ..split import write_parts
from . import _subject


def recipe_of(subject: str, usual: str, task: str) -> str:
    """The recipe to train: `task`, if it is about the subject, else the usual one. Raises LookupError."""
    known = [name for name in catalogue.names(recipes) if _subject.name_of(name) == subject]
    if task and task not in known:
        raise LookupError(
            f"no task '{task}' for {subject}.{catalogue.nearest(task, known)} Available: {', '.join(known)}."
        )
    return task or usual


def prepared_of(task: Task) -> Any:
    """What the task learns from, all parts of it."""
    data: Any = task.data
    return data.prepared


def ship(kind: str, folder: Path, task: Task, settings: Mapping[str, Any], stages: Mapping[str, Any]) -> None:
    """Write the model folder by `ship/kinds/KIND.py`."""
    catalogue.find(kinds, kind).save(folder, task, settings, stages)


def source_of(session: Session) -> Any:
    """The source, opened before the run began or now."""
    if session.opened is None:
        subject = _subject.of_recipe(session.learns)
        session.opened = subject.opened(session.source, session.given, session.learns, session.show)
    return session.opened


def audited(told: str, checks: Sequence[Check], **detail: Any) -> Verdict:
    """The verdict of an audit. told: what the data are, in words."""
    line = told
    for severity, words in ((WARNING, "look at"), (NOTE, "noted:")):
        raised = [check.check.replace("_", " ") for check in checks if check.severity == severity]
        line += f"; {words} {', '.join(raised)}" if raised else ""
    line += " (the report tells what and what to do)" if line != told else ""
    found = [{**vars(check), "names": list(check.names), "n_names": len(check.names)} for check in checks]
    return Verdict(worst(checks), line, {**detail, "checks": found})


def note_parts(folder: Path, division: Split, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Write down which data lie in which part; returns the detail of a split stage. sizes: in the subject's units."""
    write_parts(folder, division)
    return {**sizes, "hash": division.hash, "how": division.how}


def describe(session: Session, division: Split, **data: Any) -> None:
    """Complete the run's description by what is known of its data now."""
    told = {"origin": session.source, "tells": _subject.name_of(session.learns), **data}
    info = Run(session.folder).info
    write_info(session.folder, {**info, "data": told, "split_hash": division.hash})


def same_as_before(division: Split, session: Session, verdict: Verdict) -> None:
    """Raise BlockedError if the data are not those that an interrupted run began with."""
    if division.hash != verdict.detail["hash"]:
        raise BlockedError(
            f"the data in {session.source} have changed since this run began, so its split no longer holds; start a "
            "new run with `visus fit`"
        )


def write_card(session: Session, tested: Mapping[str, Any]) -> None:
    """Write the model's card anew, now that the test is known."""
    tells = _subject.name_of(session.learns)
    facts, _ = model.contents(session.folder)
    text = catalogue.find(kinds, tells).card(session.folder.name, facts, {**session.detail, "test": tested})
    write_whole(session.folder / model.MODEL / model.CARD, text.encode())


def resolved(session: Session) -> dict[str, Any]:
    """Every setting of the session with its value."""
    return _form.resolved(session.build, session.settings)
