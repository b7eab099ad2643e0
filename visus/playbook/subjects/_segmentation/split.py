"""Which pictures are kept for validation and for one test, and whether every class is in each part."""

from collections.abc import Mapping
from typing import Any

from ....data.prepared_maps import PreparedMaps, prepare_maps
from ....data.split import PARTS
from ....doctor.finding import NOTE, PASS
from ..._session import BlockedError, Session, Verdict
from .. import _shared


def run(session: Session) -> Verdict:
    prepared = prepare(session)
    if not prepared.counts[prepared.rows("train")].any():
        raise BlockedError(
            f"no pixel of the training pictures of {prepared.origin} has a class; paint some, or give more"
        )
    detail = _shared.note_parts(session.folder, prepared.split, _shared.sizes(prepared))
    n = sum(_shared.sizes(prepared).values())
    _shared.describe(session, prepared.split, n=n, classes=list(prepared.classes))
    told, missing = _shared.missing(prepared.classes, {p: prepared.counts[prepared.rows(p)].sum(0) for p in PARTS})
    line = f"{_shared.parts_of(prepared)} pictures, {prepared.split.how}{told}"
    return Verdict(NOTE if told else PASS, line, {**detail, "unit": "pictures", "missing": missing})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(prepare(session).split, session, verdict)


def prepare(session: Session) -> PreparedMaps:
    """The pictures and label maps of a session, ready to be learned from; made once."""
    found: PreparedMaps = _shared.prepare(session, prepared_from, "looking at every picture")
    return found


def prepared_from(source: Any, settings: Mapping[str, Any]) -> PreparedMaps:
    """Pictures and label maps as settings, resolved, ask for them."""
    return prepare_maps(source, settings["size"], settings["framing"], settings["seed"], settings["memory"])
