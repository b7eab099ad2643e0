"""Measure a finished model on other labelled pictures; every such use is counted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.audit._gather import Gathered, gather
from ..data.named import cache
from ..data.prepare import readable
from ..data.source import open_collection
from ..data.split import fingerprint
from ..doctor.finding import NOTE, PASS, WARNING
from ..metrics.confusion import PerClass, confusion, per_class
from ..metrics.intervals import wilson
from ..runs import ledger
from ..runs.reader import SPLIT
from ..runs.recorder import Journal
from ..ship import model as ship
from ._session import Show

BATCH = 256


@dataclass(frozen=True)
class Evaluation:
    """accuracy with its 95 % interval. use: how often these pictures were used as a test. seen: how many of them were
    in the training or validation part. scores: of each class that occurs, in the order of `classes`."""

    accuracy: float
    low: float
    high: float
    n: int
    use: int
    seen: int
    unreadable: int
    classes: Sequence[str]
    scores: PerClass

    @property
    def severity(self) -> str:
        return WARNING if self.seen else NOTE if self.use > 1 or self.unreadable else PASS

    @property
    def line(self) -> str:
        found = (
            f"{100 * self.accuracy:.1f} % of {self.n:,} pictures "
            f"(95 % CI {100 * self.low:.1f} to {100 * self.high:.1f}), {ledger.ordinal(self.use)}"
        )
        found += f"; {self.unreadable} unreadable left out" if self.unreadable else ""
        return found + (f"; {self.seen} were in the run's own training or validation part" if self.seen else "")


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """Score the model in `folder` on labelled pictures. Where a test split is stated only that part is used.

    views: one, mirrored or ten views of each picture, whose probabilities are averaged.

    Raises ValueError if a class of the pictures is unknown to the model, naming it.
    """
    trained = ship.load(folder, views)
    collection = open_collection(source)
    if collection.splits is not None and "test" in collection.splits:
        collection = collection.subset(np.flatnonzero(np.array(collection.splits) == "test"))
    gathered = gather(collection, trained.frame, lambda n, total: show.progress("decode", n, total), cache())
    kept = readable(gathered)
    labels = _labels_of(trained, kept.classes, kept.labels, source)
    predicted = _predict(trained, gathered, show)
    n, right = len(labels), int((predicted == labels).sum())
    low, high = wilson(right, n)
    contents = [seen.content for seen in gathered.evidence.observations if not seen.error]
    split_hash = fingerprint(contents, labels, trained.classes)
    use = ledger.record(folder.parent, split_hash, folder.name, n, right / n)
    found = Evaluation(
        right / n,
        low,
        high,
        n,
        use,
        _in_training(folder, contents),
        len(collection) - n,
        trained.classes,
        per_class(confusion(labels, predicted, len(trained.classes))),
    )
    journal = Journal(folder)
    journal.note(
        "evaluation", source=source, accuracy=right / n, low=low, high=high, n=n, use=use, split_hash=split_hash
    )
    journal.close()
    return found


def _labels_of(
    trained: ship.TrainedModel, classes: Sequence[str], labels: NDArray[np.int64], source: str
) -> NDArray[np.int64]:
    """Labels as the model counts its classes."""
    used = {classes[i] for i in np.unique(labels)}
    unknown = sorted(used - set(trained.classes))
    if unknown:
        raise ValueError(
            f"{source} has the class '{unknown[0]}', which the model does not know; "
            f"it knows {', '.join(trained.classes)}"
        )
    if not len(labels):
        raise ValueError(f"{source} holds no picture that can be read; `visus audit {source}` names them")
    place = np.array([trained.classes.index(name) if name in trained.classes else -1 for name in classes])
    return place[labels]


def _predict(trained: ship.TrainedModel, gathered: Gathered, show: Show) -> NDArray[np.int64]:
    assert gathered.pixels is not None
    rows = [i for i, seen in enumerate(gathered.evidence.observations) if not seen.error]
    found = []
    for first in range(0, len(rows), BATCH):
        images = torch.from_numpy(gathered.pixels[rows[first : first + BATCH]]).permute(0, 3, 1, 2)
        found.append(trained.score(images.contiguous()).argmax(1).numpy())
        show.progress("predict", first, len(rows), "pictures")
    return np.concatenate(found)


def _in_training(folder: Path, contents: Sequence[str]) -> int:
    path = folder / SPLIT
    if not path.is_file():
        return 0
    parts = json.loads(path.read_text(encoding="utf-8"))
    return len(set(contents) & {*parts["train"], *parts["validation"]})
