"""What subjects have in common: their stages, and how what they learn from is opened, divided, shipped and said."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ... import recipes
from ...data.audit._evidence import Evidence
from ...data.audit._evidence import Verdict as Check
from ...data.audit._gather import gather
from ...data.audit._run import worst
from ...data.batches import Prepared
from ...data.collection import TEST, Collection, Files
from ...data.decode import Frame
from ...data.named import cache
from ...data.split import PARTS, Split
from ...doctor.finding import NOTE, PASS, WARNING
from ...engine import catalogue
from ...engine.task import Task
from ...recipes import _form
from ...runs.checkpoint import write_whole
from ...runs.reader import Run
from ...runs.recorder import write_info
from ...ship import kinds, model
from .. import checks, report, search, train
from .._session import BlockedError, Session, Show, Verdict
from ..split import write_parts
from . import _subject
from ._subject import Stage

NAMED = 3  # classes that a line names
SHORT = 0.0  # a search of data that are passed over: some passes tell settings apart


class Divided(Protocol):
    """What tells which data lie in which part."""

    @property
    def hash(self) -> str: ...


def stages(audit: Stage, split: Stage, baselines: Stage, test: Stage) -> Mapping[str, Stage]:
    """The eight of `visus fit`, in order: four of the subject's own among four that all share."""
    own = {"audit": audit, "split": split, "baselines": baselines}
    return {**own, "checks": checks, "search": search, "train": train, "test": test, "report": report}


def nothing_to_check(settings: Mapping[str, Any], build: Callable[..., Any]) -> None:
    """Every setting of these recipes goes with every other, or the recipe says so."""


def as_data(prepared: Any) -> dict[str, Any]:
    """What was prepared, as recipes take data."""
    return {"data": prepared}


def one_by_one(prepared: Any) -> bool:
    """Trials are neither made side by side nor all at once: a step of these networks fills the machine."""
    return False


def learned(subject: str, usual: str, source: str, settings: Mapping[str, Any], task: str) -> str:
    """The recipe to train: `task`, if it is about the subject, else the usual one. Raises LookupError."""
    known = [name for name in catalogue.names(recipes) if _subject.name_of(name) == subject]
    if task and task not in known:
        raise LookupError(
            f"no task '{task}' for {subject}.{catalogue.nearest(task, known)} Available: {', '.join(known)}."
        )
    return task or usual


def read_as(subject: str, source: str, found: Any, recipe: str) -> str:
    """Nothing needs to be said of it but what it is about."""
    return subject


def prepared_of(task: Task) -> Any:
    """What the task learns from, all parts of it."""
    data: Any = task.data
    return data.prepared


def prepare(session: Session, make: Callable[[Any, Mapping[str, Any]], Any], doing: str) -> Any:
    """What a session learns from, made once, of the opened source and the settings, resolved. doing: in words."""
    if session.prepared is None:
        session.show.progress("audit", 0, 1, doing)
        session.prepared = make(source_of(session), resolved(session))
    return session.prepared


def sizes(prepared: Any) -> dict[str, int]:
    """Things of each part, of data that tell the rows of a part."""
    return {part: len(prepared.rows(part)) for part in PARTS}


def parts_of(prepared: Any) -> str:
    """`320 train / 40 validation / 40 test`."""
    return " / ".join(f"{n:,} {part}" for part, n in sizes(prepared).items())


def missing(classes: Sequence[str], counts: Mapping[str, Sequence[int]]) -> tuple[str, dict[str, list[str]]]:
    """What a line says of classes that a part lacks, '' if none; and their names by part. counts: (K,) by part."""
    found = {
        part: [name for name, n in zip(classes, of_class, strict=True) if not n] for part, of_class in counts.items()
    }
    told = ""
    for part, names in found.items():
        more = f" and {len(names) - NAMED} more classes" if len(names) > NAMED else ""
        told += f"; no {', '.join(names[:NAMED])}{more} in the {part} part" if names else ""
    return told, found


def keep(sizes: Callable[[Any], Mapping[str, int]], folder: Path, task: Task) -> Mapping[str, Any]:
    """After a training without the other stages: note which data lie in which part; details for the card."""
    prepared = prepared_of(task)
    return {"split": note_parts(folder, prepared.split, sizes(prepared))}


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


def looked_at(source: Any, show: Show) -> Evidence:
    """What is to be seen of every picture of marked objects or label maps, as the audit of pictures sees them.

    What was looked at before is in the cache.
    """
    nothing = np.zeros(len(source.paths), dtype=np.int64)  # they have no classes of their own
    parts = {"splits": source.splits, "groups": source.groups}
    pictures = Collection(source.origin, Files(list(source.paths)), list(source.names), nothing, ("pictures",), **parts)
    progress = partial(show.progress, "audit", text="pictures")
    return gather(pictures, progress=progress, cache=cache()).evidence


def note_parts(folder: Path, division: Split, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Write down which data lie in which part; returns the detail of a split stage. sizes: in the subject's units."""
    write_parts(folder, division)
    return {**sizes, "hash": division.hash, "how": division.how}


def describe(session: Session, division: Divided, **data: Any) -> None:
    """Complete the run's description by what is known of its data now."""
    told = {"origin": session.source, "tells": _subject.name_of(session.learns), **data}
    info = Run(session.folder).info
    write_info(session.folder, {**info, "data": told, "split_hash": division.hash})


def same_as_before(division: Divided, session: Session, verdict: Verdict) -> None:
    """Raise BlockedError if the data are not those that an interrupted run began with."""
    if division.hash != verdict.detail["hash"]:
        raise BlockedError(
            f"the data in {session.source} have changed since this run began, so its split no longer holds; start a "
            "new run with `visus fit`"
        )


def severity_of(low: float, high: float, use: int) -> str:
    """How a test ended. low, high: of the lead over the best simple method. use: how often these data were a test."""
    return WARNING if high < 0 else PASS if use == 1 and low > 0 else NOTE


def best_of(measured: Mapping[str, Any]) -> float | None:
    """The best validation score of the simple methods, from what the stage of the baselines measured."""
    return max((value for value in measured.values() if isinstance(value, float)), default=None)


def held_against(session: Session, high: float, use: int, line: str, detail: Mapping[str, Any]) -> Verdict:
    """The verdict of a test that is a share, held against the simple methods. high: the upper end of its interval."""
    beaten = best_of(session.detail.get("baselines", {}))
    if beaten is None or high >= beaten:
        return Verdict(PASS if use == 1 else NOTE, line, detail)
    line += f"; a simple method reached {100 * beaten:.1f} % on validation: use that, or train longer"
    return Verdict(WARNING, line, detail)


def to_be_measured(pictures: Prepared, frame: Frame, stated: Sequence[str] | None) -> Prepared:
    """Pictures in a trained model's frame; all of them as the test part unless the set states one."""
    if TEST in (stated or ()):
        return replace(pictures, frame=frame, pixels=None)
    none, every = np.empty(0, dtype=np.int64), np.arange(len(pictures.collection), dtype=np.int64)
    return replace(
        pictures, frame=frame, pixels=None, split=replace(pictures.split, train=none, validation=none, test=every)
    )


def places_of(classes: Sequence[str], known: Sequence[str], used: Iterable[int], source: str) -> NDArray[np.int64]:
    """Where each class of a source is among those a model knows, -1 where unused and unknown. Raises ValueError."""
    for label in used:
        if classes[label] not in known:
            raise ValueError(
                f"{source} has the class '{classes[label]}', which the model does not know; it knows {', '.join(known)}"
            )
    return np.array([known.index(name) if name in known else -1 for name in classes], dtype=np.int64)


def write_card(session: Session, tested: Mapping[str, Any]) -> None:
    """Write the model's card anew, now that the test is known."""
    tells = _subject.name_of(session.learns)
    facts, _ = model.contents(session.folder)
    text = catalogue.find(kinds, tells).card(session.folder.name, facts, {**session.detail, "test": tested})
    write_whole(session.folder / model.MODEL / model.CARD, text.encode())


def resolved(session: Session) -> dict[str, Any]:
    """Every setting of the session with its value."""
    return _form.resolved(session.build, session.settings)
