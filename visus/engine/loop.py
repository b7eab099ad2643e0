"""The training loop. There is one, and this is all of it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from .averaging import WeightAverage
from .objective import Batch, Memory, Objective, Report
from .task import Task


class StopTraining(Exception):  # noqa: N818 - it is a decision, not an error
    """Raised by an observer that has seen enough; its text says why."""


class Observer:
    """Watches a run and changes no weights. Override the moments you care about."""

    def before_fit(self, task: Task, start: int) -> None:
        """The run begins, at step `start` (above 0 when it is resumed)."""

    def before_step(self, step: int, task: Task, batch: Batch) -> None:
        """The batch of `step` is about to be learned from."""

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        """An objective has improved on the batch of `step`."""

    def after_step(self, step: int, task: Task) -> None:
        """Every objective due at `step` has improved."""

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        """The task was evaluated after `step`."""

    def after_fit(self, steps_done: int, task: Task, why: str) -> None:
        """The run ended; `why` is '' when all its steps were done."""

    def state(self) -> dict[str, Any]:
        """What this observer must remember across a stop and a resume: tensors, numbers, text, nested."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""


def fit(task: Task, steps: int, observers: Sequence[Observer] = (), start: int = 0) -> str:
    """Train from step `start` to `steps`. Returns '' or the reason for which an observer stopped the run."""
    _tell(observers, "before_fit", task, start)
    task.train()
    done, why = start, ""
    try:
        for step, batch in zip(range(start, steps), task.batches(start)):
            _tell(observers, "before_step", step, task, batch)
            for objective in task.objectives:
                if step % objective.every == 0:
                    report = objective.improve(batch)
                    _tell(observers, "after_improvement", step, objective, report)
            done = step + 1
            _tell(observers, "after_step", step, task)
    except StopTraining as stop:
        why = str(stop) or "stopped by an observer"
    _tell(observers, "after_fit", done, task, why)
    return why


class Evaluate(Observer):
    """Score the task every so many steps and after the last one, and tell the others.

    average: if given, it follows the weights, and what is evaluated, and saved by the others, is the average.
    """

    def __init__(self, every: int, tell: Iterable[Observer], average: WeightAverage | None = None) -> None:
        self.every, self.tell, self.average = every, list(tell), average

    def after_step(self, step: int, task: Task) -> None:
        if self.average:
            self.average.update(task)
        if (step + 1) % self.every == 0 or step + 1 == task.steps:
            self.score(step, task)

    def score(self, step: int, task: Task) -> None:
        """Evaluate now, and tell."""
        with self.average.applied(task) if self.average else nullcontext():
            _tell(self.tell, "after_evaluation", step, task, task.evaluate())

    def state(self) -> dict[str, Any]:
        return self.average.state() if self.average else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        if self.average:
            self.average.restore(state)


def _tell(observers: Iterable[Observer], moment: str, *what: object) -> None:
    for observer in observers:
        getattr(observer, moment)(*what)
