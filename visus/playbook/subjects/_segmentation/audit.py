"""Look at pictures and label maps before learning from them."""

from ....data.audit_maps._run import audit_maps
from ..._session import Session, Verdict
from .. import _shared
from . import split


def run(session: Session) -> Verdict:
    prepared = split.prepare(session)
    source = _shared.source_of(session)
    checks = audit_maps(source, _shared.looked_at(source, session.show))
    n, facts = len(prepared.pictures.collection), prepared.facts()
    height, width = prepared.image[1:]
    told = f"{n:,} pictures with label maps of {len(prepared.classes)} classes, looked at in {width} x {height} pixels"
    if facts["train"]["uncounted"] >= 0.005:
        told += f"; {100 * facts['train']['uncounted']:.0f} % of the pixels count nowhere"
    shown = [(f"{len(prepared.classes):,}", "classes"), (f"{width} x {height}", "pixels each")]
    return _shared.audited(told, checks, n=n, unit="pictures", facts=shown, figures=facts)


def recall(session: Session, verdict: Verdict) -> None:
    """Pictures and label maps are prepared by the stage that divides them."""
