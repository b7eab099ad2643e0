"""Set pictures aside for validation and for one test, so that no alike pictures face each other."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..data.prepare import divide, finish
from ..data.split import Split, fingerprint
from ..doctor.finding import PASS
from ..runs.checkpoint import write_whole
from ..runs.reader import SPLIT, Run
from ..runs.recorder import write_info
from ._session import BlockedError, Session, Verdict


def run(session: Session) -> Verdict:
    division = _divide(session)
    _describe(session, division)
    sizes = [len(division.train), len(division.validation), len(division.test)]
    return Verdict(
        PASS,
        f"{sizes[0]:,} train / {sizes[1]:,} validation / {sizes[2]:,} test, {division.how}",
        {"train": sizes[0], "validation": sizes[1], "test": sizes[2], "hash": division.hash, "how": division.how},
    )


def recall(session: Session, verdict: Verdict) -> None:
    if _divide(session).hash != verdict.detail["hash"]:
        raise BlockedError(
            f"the pictures in {session.source} have changed since this run began, so its split no longer holds; "
            f"start a new run with `visus fit {session.source}`"
        )


def _describe(session: Session, division: Split) -> None:
    """Complete the run's description by what is known of its data now."""
    assert session.gathered is not None
    evidence = session.gathered.evidence
    collection = evidence.collection
    labels, answers = collection.answers()
    seen = [(o.content, int(y)) for o, y in zip(evidence.observations, labels, strict=True) if not o.error]
    data = {
        "origin": collection.origin,
        "n": len(seen),
        "tells": collection.kind,
        "classes": list(collection.outputs),
        "fingerprint": fingerprint([content for content, _ in seen], np.array([y for _, y in seen]), answers),
    }
    write_parts(session.folder, division)
    info = Run(session.folder).info
    write_info(session.folder, {**info, "data": data, "split_hash": division.hash})


def write_parts(folder: Path, division: Split) -> None:
    """Which pictures lie in which part, by their content: what a later evaluation checks itself against."""
    parts = {"train": division.train, "validation": division.validation, "test": division.test}
    text = json.dumps({name: [division.keys[i] for i in rows] for name, rows in parts.items()})
    write_whole(folder / SPLIT, text.encode())


def _divide(session: Session) -> Split:
    assert session.gathered is not None
    assert session.frame is not None
    session.split = divide(session.gathered, session.seed)
    session.prepared = finish(session.gathered, session.frame, session.split)
    session.gathered = replace(session.gathered, pixels=None)  # they live on in what was prepared
    return session.split
