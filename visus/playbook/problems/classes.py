"""Classes: how often is the right one named?"""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from ...data.batches import Prepared
from ...data.collection import VALIDATION
from ...doctor.finding import NOTE, PASS
from ...engine.loop import fit
from ...metrics.accuracy import accuracy
from ...metrics.intervals import wilson
from ...recipes import classify
from .._session import Session, Verdict
from ._tested import Tested

MEASURE = "accuracy"
MOST_TRAIN, MOST_LOOKED_AT = 20_000, 2_000  # pictures: a baseline is a yardstick, not a competition
LINEAR_STEPS = 1_000  # upper bound of the linear baseline's training
SAME = 0.9  # mirrored pictures must keep this share of kNN's accuracy for mirroring to be harmless
SHOWN = 24  # worst mistakes, and as many of the least certain pictures, kept for the report


def blind_score(prepared: Prepared) -> float:
    """What always naming the commonest class scores on the validation part, and one deviation of luck."""
    labels = prepared.labels(prepared.rows(VALIDATION))
    share = float(labels.bincount().max()) / len(labels)
    return share + sqrt(share * (1 - share) / len(labels))


def said(name: str, score: float) -> str:
    return f"{100 * score:.1f} %"


def baselines(session: Session) -> Verdict:
    """The commonest class, a blind network, nearest neighbours, a linear softmax; by their accuracy."""
    small = session.ready.limited(train=MOST_TRAIN, validation=MOST_LOOKED_AT)
    found = {"majority": _majority(small)}
    session.show.progress("baselines", 0, 3, "input-blind")
    found["input_blind"] = _linear(blind(small), session, epochs=2)
    session.show.progress("baselines", 1, 3, "kNN")
    found["knn"], mirrored = _knn(small, session)
    session.show.progress("baselines", 2, 3, "linear")
    found["linear"] = _linear(small, session, epochs=20)
    line = "   ".join(f"{name.replace('_', '-')} {100 * share:.1f} %" for name, share in found.items())
    learnable = max(found["knn"], found["linear"]) > found["majority"]
    note = "" if learnable else "; none beats the majority: do the pictures show what the labels name?"
    harmless = mirrored >= SAME * found["knn"]
    detail = {**found, "mirrored": mirrored, "flip": harmless, "train": len(small.split.train)}
    return Verdict(PASS if learnable else NOTE, line.replace("knn", "kNN") + note, detail)


def blind(prepared: Prepared) -> Prepared:
    """The same labels with black pictures: what can be known without looking."""
    n = len(prepared.collection)
    return replace(prepared, pixels=torch.zeros(1, *prepared.image, dtype=torch.uint8).expand(n, -1, -1, -1))


def test(answers: Tensor, truth: Tensor, names: Sequence[str]) -> Tested:
    """answers: probabilities (N, K); truth: classes (N,)."""
    share, n = accuracy(answers, truth), len(truth)
    low, high = wilson(round(share * n), n)
    line = f"{100 * share:.1f} % (95 % CI {100 * low:.1f} to {100 * high:.1f})"
    tensors = {"test.probabilities": answers, "test.labels": truth}
    return Tested(share, low, high, MEASURE, line, {"accuracy": share}, tensors, _gallery(answers, truth))


def _majority(prepared: Prepared) -> float:
    train, held_out = (prepared.labels(prepared.rows(part)) for part in ("train", "validation"))
    return float((held_out == train.bincount().argmax()).float().mean())


def _linear(prepared: Prepared, session: Session, epochs: int) -> float:
    settings: dict[str, Any] = {"model": "linear", "optimizer": "adam", "lr": 1e-3, "weight_decay": 1e-3, "crop": 0}
    task = classify.build(prepared, **settings, epochs=epochs, seed=session.seed, arithmetic="float32")
    fit(task, min(task.steps, LINEAR_STEPS))
    return task.evaluate()["validation_accuracy"]


def _knn(prepared: Prepared, session: Session) -> tuple[float, float]:
    """Accuracy on the validation pictures as they are, and mirrored: does a mirrored picture still show its class?"""
    task = classify.build(prepared, model="knn", seed=session.seed, device="cpu")
    fit(task, task.steps)
    straight = mirrored = 0
    for images, labels in task.data.part("validation"):
        straight += int((task.scores(images).argmax(1) == labels).sum())
        mirrored += int((task.scores(images.flip(3)).argmax(1) == labels).sum())
    n = len(prepared.split.validation)
    return straight / n, mirrored / n


def _gallery(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Rows of the worst mistakes (surest and wrong) and of the least certain pictures."""
    top = probabilities.topk(2, dim=1)
    wrong = (top.indices[:, 0] != labels).nonzero().flatten()
    worst = wrong[top.values[wrong, 0].argsort(descending=True)][:SHOWN]
    unsure = (top.values[:, 0] - top.values[:, 1]).argsort()[:SHOWN]
    return torch.cat([worst, unsure]).unique()
