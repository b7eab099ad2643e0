"""Who watches a run: the doctor, and the other doctors it is compared with."""

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from .plan import Run


@dataclass(frozen=True)
class Evaluation:
    """On held-out examples: mean loss and accuracy."""

    loss: float
    score: float


@dataclass
class Verdict:
    """alarm: something is said to be wrong. kinds: causes in our words, most likely first. first: step of the alarm."""

    alarm: bool = False
    kinds: list[str] = field(default_factory=list)
    first: int | None = None
    reasons: list[str] = field(default_factory=list)


class Watcher(Protocol):
    """Sees a run and must not change it. step: after each training step, gradients still there."""

    def begin(self, run: Run) -> None: ...

    def step(self, run: Run, loss: Tensor, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None: ...

    def validate(self, run: Run, found: Evaluation) -> None: ...

    def finish(self, run: Run) -> None: ...


class Rival(Watcher, Protocol):
    """A watcher with an opinion."""

    verdict: Verdict


class WithDoctor:
    """visus.Doctor, used as its documentation says. chart: what it measured, JSON-ready, after the run."""

    def __init__(self) -> None:
        self.chart: dict[str, Any] = {}
        self.diagnosis: dict[str, Any] = {}

    def begin(self, run: Run) -> None:
        import visus

        self._doctor = visus.Doctor(run.model, run.optimizer, steps=run.steps)

    def step(self, run: Run, loss: Tensor, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        self._doctor.step(loss, inputs=inputs, targets=targets, outputs=outputs)

    def validate(self, run: Run, found: Evaluation) -> None:
        self._doctor.validate(found.loss, found.score)

    def finish(self, run: Run) -> None:
        report = self._doctor.report()
        self._doctor.detach()
        self.diagnosis = json.loads(report.to_json())
        self.chart = json.loads(self._doctor.chart_json())
