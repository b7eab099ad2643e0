"""Which pictures are kept for validation and for one test, and whether every class is in each part."""

from collections.abc import Mapping
from typing import Any

from ....data.prepared_objects import PreparedObjects, prepare_objects
from ....data.split import PARTS
from ....doctor.finding import NOTE, PASS
from ..._session import BlockedError, Session, Verdict
from .. import _shared


def run(session: Session) -> Verdict:
    prepared = prepare(session)
    facts = prepared.facts()
    if not facts["train"]["objects"]:
        raise BlockedError(
            f"no object is marked in the training pictures of {prepared.origin}; mark some, or give more"
        )
    detail = _shared.note_parts(session.folder, prepared.split, _shared.sizes(prepared))
    known = {"kind": prepared.kind, "classes": list(prepared.classes), "objects": facts["train"]["objects"]}
    _shared.describe(session, prepared.split, n=sum(_shared.sizes(prepared).values()), **known)
    line = f"{_shared.parts_of(prepared)} pictures with {facts['train']['objects']:,} objects to learn from"
    line += f", {prepared.split.how}"
    told, missing = _shared.missing(prepared.classes, {part: facts[part]["of_class"] for part in PARTS})
    return Verdict(NOTE if told else PASS, line + told, {**detail, "unit": "pictures", "missing": missing})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(prepare(session).split, session, verdict)


def prepare(session: Session) -> PreparedObjects:
    """The pictures and marks of a session, ready to be learned from; made once."""
    found: PreparedObjects = _shared.prepare(session, prepared_from, "looking at every picture")
    return found


def prepared_from(source: Any, settings: Mapping[str, Any]) -> PreparedObjects:
    """Pictures and marks as settings, resolved, ask for them."""
    return prepare_objects(source, settings["size"], settings["framing"], settings["seed"], settings["memory"])
