"""Look at pictures and marks before learning from them."""

from ....data.audit_objects._run import audit_objects
from ....data.prepared_objects import PreparedObjects
from ..._session import Session, Verdict
from .. import _shared
from . import split


def run(session: Session) -> Verdict:
    prepared = split.prepare(session)
    source = _shared.source_of(session)
    checks = audit_objects(source, _shared.looked_at(source, session.show), prepared.frame)
    n, objects, crowds = len(prepared.objects), _objects(prepared), _crowds(prepared)
    height, width = prepared.image[1:]
    told = f"{n:,} pictures with {objects:,} objects ({prepared.kind}) of {len(prepared.classes)} classes, "
    told += f"looked at in {width} x {height} pixels"
    told += f"; {crowds:,} regions of many count neither way" if crowds else ""
    shown = [(f"{objects:,}", "objects"), (f"{len(prepared.classes):,}", "classes")]
    return _shared.audited(told, checks, n=n, unit="pictures", facts=shown, figures=prepared.facts())


def recall(session: Session, verdict: Verdict) -> None:
    """Pictures and marks are prepared by the stage that divides them."""


def _objects(prepared: PreparedObjects) -> int:
    return sum(int((~one.crowd).sum()) for one in prepared.objects)


def _crowds(prepared: PreparedObjects) -> int:
    return sum(int(one.crowd.sum()) for one in prepared.objects)
