"""Does validation get worse while training still gets better?"""

from collections.abc import Mapping
from typing import Any

from ...engine.loop import Observer
from ...engine.task import Task
from ..finding import NOTE, PASS, Finding

RISE = 0.10  # share by which the validation loss must have risen above its best
SMOOTH = 3  # evaluations averaged: one epoch's change means nothing


class Watch(Observer):
    def __init__(self) -> None:
        self.train: list[float] = []
        self.validation: list[float] = []

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        if "train_loss" in scores and "validation_loss" in scores:
            self.train.append(scores["train_loss"])
            self.validation.append(scores["validation_loss"])

    def state(self) -> dict[str, Any]:
        return {"train": self.train, "validation": self.validation}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.train, self.validation = state["train"], state["validation"]

    def findings(self) -> list[Finding]:
        if len(self.validation) < 2 * SMOOTH:
            return []
        curve = [sum(self.validation[i : i + SMOOTH]) / SMOOTH for i in range(len(self.validation) - SMOOTH + 1)]
        best, last = min(curve), curve[-1]
        still_learning = self.train[-1] < min(self.train[:-SMOOTH], default=self.train[-1] + 1)
        what = f"validation loss ended at {last:.3f}, its best was {best:.3f}"
        if last <= (1 + RISE) * best or not still_learning:
            return [Finding(PASS, what, f"at most {RISE:.0%} above")]
        return [
            Finding(
                NOTE,
                what,
                f"at most {RISE:.0%} above",
                cause="the network learns the training pictures by heart",
                remedy="augment more, raise weight decay or dropout, or gather pictures; the best weights were kept",
            )
        ]
