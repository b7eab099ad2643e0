"""The doctor as an observer of our own loop: the same instruments, the same chart."""

import math
from collections.abc import Mapping
from typing import Any

from torch import nn

from ..engine import catalogue
from ..engine.loop import Observer, StopTraining
from ..engine.objective import Batch, Memory, Objective, Report
from ..engine.task import Task
from . import during
from .chart import Chart
from .diagnosis import Diagnosis, diagnose
from .examiner import Examiner
from .instruments import due

LOOK_EVERY = 10  # steps; a loss that is not finite stays so, and looking waits for the device


class StopNotFinite(Observer):
    """Ends a run whose loss or gradient is not finite any more. `term` then says which."""

    def __init__(self) -> None:
        self.term, self.step = "", -1

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if step % LOOK_EVERY and step > LOOK_EVERY:
            return
        norm = report.gradient_norm
        if math.isfinite(float(report.loss)) and (norm is None or math.isfinite(float(norm))):
            return
        bad = (term for term, value in report.terms.items() if not math.isfinite(float(value)))
        self.term, self.step = next(bad, "its gradient"), step
        raise StopTraining(f"{self.term} is not finite at step {step}")


class Checkup(Observer):
    """Charts a run of a task. reference: the score that other methods reach on the same data, if known."""

    def __init__(self, reference: float | None = None) -> None:
        self.reference = reference
        self._examiner: Examiner | None = None
        self._batch: Batch = ()
        self._restored: Chart | None = None
        self._charted = ""  # the first objective's name: the chart follows one loss

    @property
    def chart(self) -> Chart:
        return self._examiner.chart if self._examiner else self._restored or Chart()

    def before_fit(self, task: Task, start: int) -> None:
        optimizers = [o.optimizer for o in task.objectives if isinstance(o, Objective)]
        self._charted = next((o.name for o in task.objectives if isinstance(o, Objective)), "")
        if not self._charted:
            return  # a memory: nothing descends, nothing can go wrong on the way
        model = getattr(task, "model", None)
        root = model if isinstance(model, nn.Module) else task
        self._examiner = Examiner(task, optimizers, steps=task.steps, root=root)
        self._examiner.chart.facts["reference"] = self.reference
        if self._restored is not None and start:
            facts = self._examiner.chart.facts
            self._examiner.adopt(self._restored)
            self._examiner.chart.facts = {**facts, **self._restored.facts}

    def before_step(self, step: int, task: Task, batch: Batch) -> None:
        self._batch = batch if due(step) else ()

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if self._examiner is None or objective.name != self._charted:
            return
        inputs, targets = (*self._batch, None, None)[:2]  # a batch begins with what enters, then what is asked for
        self._examiner.step(report.loss, inputs, targets)

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        if self._examiner is None:
            return
        more = {name: float(value) for name, value in scores.items()}
        for name in catalogue.names(during):
            measure = getattr(catalogue.find(during, name), "measure", None)
            if measure is not None:
                more |= measure(task)
        self._examiner.validate(scores.get("validation_loss"), next(iter(scores.values()), None), more)

    def after_fit(self, steps_done: int, task: Task, why: str) -> None:
        if self._examiner is not None:
            self._examiner.consult(reference=True)
            self._examiner.detach()

    def diagnosis(self, final: bool = True) -> Diagnosis:
        return diagnose(self.chart, final)

    def state(self) -> dict[str, Any]:
        return {"chart": self.chart.to_dict()} if self._examiner or self._restored else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._restored = Chart.from_dict(state["chart"]) if "chart" in state else None
