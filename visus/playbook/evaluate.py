"""Measure a finished model on other labelled pictures; every such use is counted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.audit._gather import Gathered, gather
from ..data.collection import CLASSES, Collection
from ..data.named import cache
from ..data.prepare import readable
from ..data.source import open_collection
from ..data.split import fingerprint
from ..doctor.finding import NOTE, PASS, WARNING
from ..engine import catalogue
from ..metrics.confusion import confusion, per_class
from ..runs import ledger
from ..runs.reader import SPLIT
from ..runs.recorder import Journal
from ..ship import model as ship
from ..ship.opened import told_by
from . import problems
from ._session import Show
from .problems._tested import Tested
from .subjects import _subject

BATCH = 256


@dataclass(frozen=True)
class Evaluation:
    """score, the accuracy of classes, with its 95 % interval; said: in words. use: how often these pictures were used
    as a test. seen: how many of them were in the training or validation part. rows: a table of each class, attribute
    or number below its headings."""

    score: float
    low: float
    high: float
    n: int
    use: int
    seen: int
    unreadable: int
    said: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def accuracy(self) -> float:
        """The score of a model that tells classes."""
        return self.score

    @property
    def severity(self) -> str:
        return WARNING if self.seen else NOTE if self.use > 1 or self.unreadable else PASS

    @property
    def line(self) -> str:
        found = f"{self.said}, {self.n:,} pictures, {ledger.ordinal(self.use)}"
        found += f"; {self.unreadable} unreadable left out" if self.unreadable else ""
        return found + (f"; {self.seen} were in the run's own training or validation part" if self.seen else "")


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Any:
    """Score the model in `folder` on other data, as its subject does it: a `subjects._subject.Evaluation`."""
    return _subject.named(_subject.about(told_by(folder))).evaluate(folder, source, show, views)


def of_pictures(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """Score the model in `folder` on labelled pictures. Where a test split is stated only that part is used.

    views: one, mirrored, six or ten views of each picture, whose probabilities are averaged.

    Raises ValueError if a class of the pictures is unknown to the model, naming it.
    """
    trained = ship.load(folder, views)
    told = {"targets": trained.facts["targets"], "kind": trained.tells} if trained.facts.get("targets") else {}
    collection = open_collection(source, **told)
    if collection.splits is not None and "test" in collection.splits:
        collection = collection.subset(np.flatnonzero(np.array(collection.splits) == "test"))
    gathered = gather(collection, trained.frame, lambda n, total: show.progress("decode", n, total), cache())
    kept = readable(gathered)
    truth = _truth(trained, kept, source)
    answers = _predict(trained, gathered, show)
    n = len(kept)
    tested: Tested = catalogue.find(problems, trained.tells).test(answers, truth, trained.classes)
    contents = [seen.content for seen in gathered.evidence.observations if not seen.error]
    known = (truth.numpy(), trained.classes) if trained.tells == CLASSES else kept.answers()
    split_hash = fingerprint(contents, *known)
    use = ledger.record(folder.parent, split_hash, folder.name, n, tested.score)
    found = Evaluation(
        tested.score,
        tested.low,
        tested.high,
        n,
        use,
        _in_training(folder, contents),
        len(collection) - n,
        tested.line,
        *(_classes(trained, answers, truth) if trained.tells == CLASSES else _table(tested.detail["figures"])),
    )
    figures = {"low": tested.low, "high": tested.high, "n": n, "use": use, "split_hash": split_hash}
    journal = Journal(folder)
    journal.note("evaluation", source=source, **{tested.measure.replace(" ", "_"): tested.score}, **figures)
    journal.close()
    return found


def _classes(trained: ship.TrainedModel, answers: Tensor, truth: Tensor) -> tuple[list[str], list[list[str]]]:
    """Pictures, precision and recall of each class."""
    scores = per_class(confusion(truth.numpy(), answers.argmax(1).numpy(), len(trained.classes)))
    columns = (trained.classes, scores.support, scores.precision, scores.recall)
    rows = [[name, str(n), _percent(precision), _percent(recall)] for name, n, precision, recall in zip(*columns)]
    return ["class", "pictures", "precision", "recall"], rows


def _table(figures: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Each number with its errors, or each attribute with its scores; intervals behind."""
    shown = [name for name, figure in next(iter(figures.values())).items() if isinstance(figure, Mapping)]
    words = {"mae": "mean error", "rmse": "RMSE", "r2": "R2", "f1": "F1"}
    rows = []
    for name, each in figures.items():
        cells = []
        for what in shown:
            value, low, high = (each[what][end] for end in ("value", "low", "high"))
            share = what not in ("mae", "rmse", "r2")
            cells.append(_percent(value) if share else f"{value:.3g} ({low:.3g} to {high:.3g})")
        rows.append([name, *cells])
    return ["", *(words.get(what, what) for what in shown)], rows


def _percent(share: float) -> str:
    return "" if share != share else f"{100 * share:.1f} %"  # NaN: the question has no answer for this class


def _truth(trained: ship.TrainedModel, kept: Collection, source: str) -> Tensor:
    """Labels (N,) or targets (N, T) as the model counts its classes or targets."""
    if kept.kind != trained.tells:
        raise ValueError(
            f"{source} comes with {kept.kind} and the model tells {trained.tells}; give pictures with these"
        )
    if kept.targets is None:
        return torch.from_numpy(_labels_of(trained, kept.classes, kept.labels, source))
    if not len(kept):
        raise ValueError(f"{source} holds no picture that can be read; `visus audit {source}` names them")
    unknown = sorted(set(kept.target_names) - set(trained.classes))
    if unknown:
        raise ValueError(
            f"{source} has '{unknown[0]}', which the model does not tell; it tells {', '.join(trained.classes)}"
        )
    place = {name: column for column, name in enumerate(kept.target_names)}
    # A category that no picture of this table has is an attribute that none has.
    columns = [kept.targets[:, place[name]] if name in place else np.zeros(len(kept)) for name in trained.classes]
    return torch.from_numpy(np.stack(columns, 1).astype(np.float32))


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


def _predict(trained: ship.TrainedModel, gathered: Gathered, show: Show) -> Tensor:
    assert gathered.pixels is not None
    rows = [i for i, seen in enumerate(gathered.evidence.observations) if not seen.error]
    found = []
    for first in range(0, len(rows), BATCH):
        images = torch.from_numpy(gathered.pixels[rows[first : first + BATCH]]).permute(0, 3, 1, 2)
        found.append(trained.score(images.contiguous()))
        show.progress("predict", first, len(rows), "pictures")
    return torch.cat(found)


def _in_training(folder: Path, contents: Sequence[str]) -> int:
    path = folder / SPLIT
    if not path.is_file():
        return 0
    parts = json.loads(path.read_text(encoding="utf-8"))
    return len(set(contents) & {*parts["train"], *parts["validation"]})
