"""Look at the test pictures once, and write down that it was done."""

import json
import math
from collections.abc import Sequence

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from ..data.batches import Prepared
from ..data.collection import Collection
from ..data.decode import Frame
from ..doctor.finding import NOTE, PASS, WARNING
from ..engine import catalogue
from ..runs import ledger
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship import model as ship
from ..ship.card import card
from . import audit, problems
from ._session import Session, Verdict
from .problems._tested import Tested

GALLERY_PX, AUDIT_PX, MOST_FILTERS = 96, 64, 64


def run(session: Session) -> Verdict:
    prepared = session.ready
    trained = ship.load(session.folder)
    problem = catalogue.find(problems, prepared.collection.kind)
    answers, truth = _answers(session, trained)
    found: Tested = problem.test(answers, truth, prepared.collection.outputs)
    n = len(truth)
    looked_at = _question(prepared)
    use = ledger.record(session.runs, looked_at, session.folder.name, n, found.score)
    # A blind network among them is no method that anybody would use instead.
    simple = {**session.detail.get("baselines", {}), "input_blind": None, "mirrored": None}
    beaten = max((value for value in simple.values() if isinstance(value, float)), default=-math.inf)
    line = f"{found.line}, {ledger.ordinal(use)}"
    if found.high < beaten:
        line += f"; a baseline reached {problem.said('', beaten)} on validation: use that, or train longer"
    severity = WARNING if found.high < beaten else PASS if use == 1 else NOTE
    detail = {
        "measure": found.measure,
        "score": found.score,
        "low": found.low,
        "high": found.high,
        "n": n,
        "use": use,
        "split_hash": looked_at,
        **found.detail,
    }
    _keep_evidence(session, trained, found)
    text = card(session.folder.name, trained.facts, {**session.detail, "test": detail})
    write_whole(session.folder / ship.MODEL / ship.CARD, text.encode())
    return Verdict(severity, line, detail)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""


def _question(prepared: Prepared) -> str:
    """What a look at the test part uses up: the split, and of targets these columns; others tell nothing about them."""
    targets = ",".join(prepared.collection.target_names)
    return f"{prepared.split.hash} {targets}" if targets else prepared.split.hash


def _answers(session: Session, trained: ship.TrainedModel) -> tuple[Tensor, Tensor]:
    """What the model says of the test pictures, and what is true of them."""
    found: list[tuple[Tensor, Tensor]] = []
    for images, truth in session.ready.part("test"):
        found.append((trained.score(images), truth))
        session.show.progress("test", sum(len(y) for _, y in found), len(session.ready.split.test), "pictures")
    answers, truths = zip(*found, strict=True)
    return torch.cat(answers), torch.cat(truths)


def _keep_evidence(session: Session, trained: ship.TrainedModel, found: Tested) -> None:
    """What the report shows as pictures, and what its figures are computed from."""
    prepared, collection = session.ready, session.ready.collection
    rows = prepared.split.test
    flagged, checks = audit.flagged(session)
    assert session.gathered is not None
    seen = session.gathered.evidence
    tensors = {
        **found.tensors,
        "gallery.rows": found.shown,
        "gallery.images": _pictures(collection, rows[found.shown.numpy()].tolist(), GALLERY_PX),
        "audit.images": _pictures(seen.collection, flagged, AUDIT_PX),
    }
    filters = next(
        (t for t in (*trained.network.buffers(), *trained.network.parameters()) if t.ndim == 4 and t.shape[1] == 3),
        None,
    )
    if filters is not None:
        tensors["filters"] = filters.detach()[:MOST_FILTERS].contiguous()
    facts = {
        "tells": collection.kind,
        "classes": list(collection.outputs),
        "test.names": [collection.names[i] for i in rows],
        "audit.names": [seen.collection.names[i] for i in flagged],
        "audit.checks": checks,
    }
    write_whole(session.folder / EVIDENCE, safetensors.torch.save(tensors, {"facts": json.dumps(facts)}))


def _pictures(collection: Collection, rows: Sequence[int], side: int) -> Tensor:
    """Pictures uint8 (M, side, side, 3) as the report shows them: whole, small ones enlarged."""
    frame = Frame(side, side, "pad")
    if not rows:
        return torch.empty(0, side, side, 3, dtype=torch.uint8)
    return torch.from_numpy(np.stack([collection.pictures.load(i, frame) for i in rows]))
