"""What simple methods reach: a network that does not beat them has learned nothing worth having."""

from dataclasses import replace
from typing import Any

import torch

from ..data.batches import Prepared
from ..doctor.finding import NOTE, PASS
from ..engine.loop import fit
from ..recipes import classify
from ._session import Session, Verdict

MOST_TRAIN, MOST_LOOKED_AT = 20_000, 2_000  # pictures: a baseline is a yardstick, not a competition
LINEAR_STEPS = 1_000  # upper bound of the linear baseline's training
SAME = 0.9  # mirrored pictures must keep this share of kNN's accuracy for mirroring to be harmless


def run(session: Session) -> Verdict:
    small = session.ready.limited(train=MOST_TRAIN, validation=MOST_LOOKED_AT)
    found = {"majority": _majority(small)}
    session.show.progress("baselines", 0, 3, "input-blind")
    found["input_blind"] = _linear(blind(small), session, epochs=2)
    session.show.progress("baselines", 1, 3, "kNN")
    found["knn"], mirrored = _knn(small, session)
    session.show.progress("baselines", 2, 3, "linear")
    found["linear"] = _linear(small, session, epochs=20)
    harmless = mirrored >= SAME * found["knn"]
    _suggest(session, harmless)
    line = "   ".join(f"{name.replace('_', '-')} {100 * share:.1f} %" for name, share in found.items())
    learnable = max(found["knn"], found["linear"]) > found["majority"]
    note = "" if learnable else "; none beats the majority: do the pictures show what the labels name?"
    return Verdict(
        PASS if learnable else NOTE,
        line.replace("knn", "kNN") + note,
        {**found, "mirrored": mirrored, "flip": harmless, "train": len(small.split.train)},
    )


def recall(session: Session, verdict: Verdict) -> None:
    _suggest(session, verdict.detail["flip"])


def _suggest(session: Session, flip: bool) -> None:
    if session.settings.get("features", "pixels") == "pixels":  # features are made once, of the pictures as they are
        session.suggest(flip=flip)


def blind(prepared: Prepared) -> Prepared:
    """The same labels with black pictures: what can be known without looking."""
    n = len(prepared.collection)
    return replace(prepared, pixels=torch.zeros(1, *prepared.image, dtype=torch.uint8).expand(n, -1, -1, -1))


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
