"""Look at the test pictures once, and write down that it was done."""

import json
from collections.abc import Sequence

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from ..data.collection import Collection
from ..data.decode import Frame
from ..doctor.finding import NOTE, PASS, WARNING
from ..metrics.accuracy import accuracy
from ..metrics.intervals import wilson
from ..runs import ledger
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship import model as ship
from ..ship.card import card
from . import audit
from ._session import Session, Verdict

SHOWN = 24  # worst mistakes, and as many of the least certain pictures, kept for the report
GALLERY_PX, AUDIT_PX, MOST_FILTERS = 96, 64, 64


def run(session: Session) -> Verdict:
    prepared = session.ready
    trained = ship.load(session.folder)
    found = []
    n = len(prepared.split.test)
    for images, labels in prepared.part("test"):
        found.append((trained.score(images), labels))
        session.show.progress("test", sum(len(y) for _, y in found), n, "pictures")
    probabilities, labels = (torch.cat(column) for column in zip(*found, strict=True))
    share = accuracy(probabilities, labels)
    low, high = wilson(round(share * n), n)
    use = ledger.record(session.runs, prepared.split.hash, session.folder.name, n, share)
    beaten = max(session.detail.get("baselines", {}).get(name, 0.0) for name in ("majority", "knn", "linear"))
    line = f"{100 * share:.1f} % (95 % CI {100 * low:.1f} to {100 * high:.1f}), {ledger.ordinal(use)}"
    if high < beaten:
        line += f"; a baseline reached {100 * beaten:.1f} % on validation: use that, or train longer"
    severity = WARNING if high < beaten else PASS if use == 1 else NOTE
    detail = {"accuracy": share, "low": low, "high": high, "n": n, "use": use, "split_hash": prepared.split.hash}
    _keep_evidence(session, trained, probabilities, labels)
    text = card(session.folder.name, trained.facts, {**session.detail, "test": detail})
    write_whole(session.folder / ship.MODEL / ship.CARD, text.encode())
    return Verdict(severity, line, detail)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""


def _keep_evidence(session: Session, trained: ship.TrainedModel, probabilities: Tensor, labels: Tensor) -> None:
    """What the report shows as pictures, and what its figures are computed from."""
    prepared, collection = session.ready, session.ready.collection
    rows = prepared.split.test
    shown = _gallery(probabilities, labels)
    flagged, checks = audit.flagged(session)
    assert session.gathered is not None
    seen = session.gathered.evidence
    tensors = {
        "test.probabilities": probabilities,
        "test.labels": labels,
        "gallery.rows": shown,
        "gallery.images": _pictures(collection, rows[shown.numpy()].tolist(), GALLERY_PX),
        "audit.images": _pictures(seen.collection, flagged, AUDIT_PX),
    }
    filters = next((p for p in trained.network.parameters() if p.ndim == 4 and p.shape[1] == 3), None)
    if filters is not None:
        tensors["filters"] = filters.detach()[:MOST_FILTERS].contiguous()
    facts = {
        "classes": list(collection.classes),
        "test.names": [collection.names[i] for i in rows],
        "audit.names": [seen.collection.names[i] for i in flagged],
        "audit.checks": checks,
    }
    write_whole(session.folder / EVIDENCE, safetensors.torch.save(tensors, {"facts": json.dumps(facts)}))


def _gallery(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Rows of the worst mistakes (surest and wrong) and of the least certain pictures."""
    top = probabilities.topk(2, dim=1)
    wrong = (top.indices[:, 0] != labels).nonzero().flatten()
    worst = wrong[top.values[wrong, 0].argsort(descending=True)][:SHOWN]
    unsure = (top.values[:, 0] - top.values[:, 1]).argsort()[:SHOWN]
    return torch.cat([worst, unsure]).unique()


def _pictures(collection: Collection, rows: Sequence[int], side: int) -> Tensor:
    """Pictures uint8 (M, side, side, 3) as the report shows them: whole, small ones enlarged."""
    frame = Frame(side, side, "pad")
    if not rows:
        return torch.empty(0, side, side, 3, dtype=torch.uint8)
    return torch.from_numpy(np.stack([collection.pictures.load(i, frame) for i in rows]))
