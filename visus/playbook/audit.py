"""Look at every picture before learning from any."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from ..data import annotated, painted
from ..data._folder import modules
from ..data.audit._evidence import Verdict
from ..data.audit._gather import gather
from ..data.audit._run import audit, table, worst
from ..data.audit_maps._run import audit_maps
from ..data.audit_objects._run import audit_objects
from ..data.collection import ATTRIBUTES, Collection
from ..data.named import cache
from ..data.open_annotations import MAP_SETS, OBJECT_SETS, open_annotations, open_maps
from ..data.prepare import choose_frame, fits, readable
from ..data.source import open_collection
from ..data.strata import pictures_of
from ..doctor.finding import BLOCKER, WARNING
from ._session import Session, Show
from ._session import Verdict as StageVerdict

MOST_SHOWN = 40  # flagged pictures kept as thumbnails for the report
MOST_NAMED = 200  # culprits named per check in the record; the rest is counted
MARKED: Sequence[tuple[Mapping[str, Any], ModuleType, Callable[..., Any], Callable[..., list[Verdict]]]] = (
    (OBJECT_SETS, annotated, open_annotations, audit_objects),  # sets by name, formats, how one is opened and audited
    (MAP_SETS, painted, open_maps, audit_maps),
)


def run(session: Session) -> StageVerdict:
    look(session)
    assert session.gathered is not None
    evidence = session.gathered.evidence
    verdicts = audit(evidence)
    n, unreadable = len(evidence.observations), sum(bool(seen.error) for seen in evidence.observations)
    pairs = sum(len(group) - 1 for group in evidence.near_groups)
    parts = [f"{n:,} images, {_told(evidence.collection)}"]
    if unreadable:
        parts.append(f"{unreadable} unreadable (listed)")
    if pairs:
        parts.append(f"{pairs:,} alike kept together")
    warned = [verdict.check.replace("_", " ") for verdict in verdicts if verdict.severity == WARNING]
    if warned:
        parts.append(f"look at {', '.join(warned)} (`visus audit` or the report tells what and what to do)")
    blocked = [verdict for verdict in verdicts if verdict.severity == BLOCKER]
    parts += [f"{verdict.what}; {verdict.remedy}" for verdict in blocked]
    counts = torch.bincount(
        torch.from_numpy(readable(session.gathered).labels), minlength=len(evidence.collection.classes)
    )
    return StageVerdict(
        worst(verdicts),
        "; ".join(parts),
        {
            "n": n,
            "unreadable": unreadable,
            "class_counts": dict(zip(evidence.collection.classes, counts.tolist(), strict=True)),
            "checks": [{**vars(v), "names": _some(v.names), "n_names": len(v.names)} for v in verdicts],
            "table": table(evidence),
            "how": "decoded pictures in memory" if session.gathered.pixels is not None else "streamed from disk",
        },
    )


def _told(collection: Collection) -> str:
    """What is known of the pictures."""
    if collection.targets is None:
        return f"{len(collection.classes)} classes"
    if collection.kind == ATTRIBUTES:
        n = len(collection.target_names)
        return f"{n} attribute{'s' * (n != 1)}"
    low, high = collection.targets.min(0), collection.targets.max(0)
    return ", ".join(f"{name} from {a:g} to {b:g}" for name, a, b in zip(collection.target_names, low, high))


def recall(session: Session, verdict: StageVerdict) -> None:
    look(session)


def look(session: Session) -> None:
    """Open the source and gather what is to be seen of every picture."""
    told = {"targets": session.given.get("targets", ""), "kind": session.kind}
    collection: Collection = session.opened or open_collection(session.source, **told)
    session.frame = choose_frame(collection, session.given.get("size", 0), session.given.get("framing", "crop"))
    held = fits(collection, session.frame, session.given.get("memory", 2.0))
    session.gathered = gather(
        collection,
        session.frame if held else None,
        progress=lambda done, total: session.show.progress("audit", done, total, "pictures"),
        cache=cache(),
    )


def examine(source: str, show: Show) -> list[Verdict]:
    """Every check's verdict on pictures with classes, marked objects or label maps, without a run."""
    progress = partial(show.progress, "audit", text="pictures")
    for names, formats, opened, checked in MARKED:
        path = Path(source).expanduser()
        if source in names or (path.exists() and any(importer.recognises(path) for importer in modules(formats))):
            found = opened(source)
            return checked(found, gather(pictures_of(found), progress=progress, cache=cache()).evidence)
    return audit(gather(open_collection(source), progress=progress, cache=cache()).evidence)


def flagged(session: Session) -> tuple[list[int], list[str]]:
    """Rows of pictures that a check named and that can be shown, with the check's name."""
    assert session.gathered is not None
    evidence = session.gathered.evidence
    row = {name: i for i, name in enumerate(evidence.collection.names)}
    found = [
        (row[name], check["check"])
        for check in session.detail.get("audit", {}).get("checks", [])
        if check["severity"] != "pass"
        for name in check["names"]
        if name in row and not evidence.observations[row[name]].error
    ]
    shown = list(dict(found).items())[:MOST_SHOWN]
    return [i for i, _ in shown], [check for _, check in shown]


def _some(names: Sequence[str]) -> list[str]:
    return list(islice(names, MOST_NAMED))
