"""Train a task with everything watching: the recorder, the doctor, the keeper of the best weights, Ctrl-C."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..doctor import during
from ..doctor.finding import Finding
from ..engine import catalogue
from ..engine.averaging import WeightAverage
from ..engine.loop import Evaluate, Observer, StopTraining, fit
from ..engine.task import Task
from ..runs.interrupt import StopOnInterrupt
from ..runs.recorder import Recorder
from ._session import Show

OUT_OF_TIME = "the budget is used up"
LOGS_PER_EPOCH = 10
FEWEST_STEPS_BETWEEN_EVALUATIONS = 20  # a tiny set has epochs of a few steps; scoring each would take the time


@dataclass(frozen=True)
class Outcome:
    """How a training ended. why: '' if all steps were done. best_step: the step whose weights were best."""

    why: str
    best: float
    best_step: int
    seconds: float
    findings: Sequence[tuple[str, Finding]]


class Progress(Observer):
    """Tells the show how far the training is and how well it does."""

    def __init__(self, show: Show) -> None:
        self.show, self.text = show, ""

    def after_step(self, step: int, task: Task) -> None:
        self.show.progress("train", step + 1, task.steps, self.text)

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        name, score = next(iter(scores.items()))
        shown = f"{100 * score:.1f} %" if name.endswith("accuracy") else f"{score:.3g}"
        self.text = f"{name.replace('_', ' ')} {shown}"


class Deadline(Observer):
    """Stops a run that would not end in time; the schedule was planned to end before."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds

    def after_step(self, step: int, task: Task) -> None:
        if time.monotonic() > self.ends:
            raise StopTraining(OUT_OF_TIME)


def train(task: Task, folder: Path, show: Show, seconds: float = math.inf, extra: Sequence[Observer] = ()) -> Outcome:
    """Train `task` to its last step, from the last checkpoint in `folder` if any; it ends with the best weights."""
    began = time.monotonic()
    watches: dict[str, Any] = {name: catalogue.find(during, name).Watch() for name in catalogue.names(during)}
    average = WeightAverage(task, task.average) if task.average else None
    evaluate = Evaluate(max(task.steps_per_epoch, FEWEST_STEPS_BETWEEN_EVALUATIONS), [], average)
    log_every = max(1, task.steps_per_epoch // LOGS_PER_EPOCH)
    recorder = Recorder(folder, [evaluate, *watches.values()], log_every)
    evaluate.tell = [recorder, *watches.values(), progress := Progress(show), *extra]
    start = recorder.resume(task)
    # The recorder saves last, after everyone has seen the step; what stops a run comes after that.
    observers = [*watches.values(), evaluate, progress, recorder, *extra, Deadline(seconds), StopOnInterrupt()]
    try:
        why = fit(task, task.steps, observers, start)
        if why == OUT_OF_TIME and recorder.best_step < 0:
            evaluate.score(0, task)  # what little was learned is kept, and measured
        findings = [(name, finding) for name, watch in watches.items() for finding in watch.findings()]
        for name, finding in findings:
            recorder.journal.note("finding", watcher=name, **vars(finding))
    finally:
        recorder.journal.close()
    if recorder.best_step >= 0:
        recorder.load_best(task)
    return Outcome(why, recorder.best, recorder.best_step, time.monotonic() - began, findings)
