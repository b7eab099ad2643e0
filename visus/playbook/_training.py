"""Train a task with everything watching: the recorder, the doctor, the keeper of the best weights, Ctrl-C."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..doctor.checkup import Checkup, StopNotFinite
from ..doctor.diagnosis import Diagnosis
from ..doctor.finding import Finding
from ..engine import averaging
from ..engine.loop import Evaluate, Observer, StopTraining, fit
from ..engine.task import Task
from ..report.wording import measured, score
from ..runs import checkpoint
from ..runs.interrupt import StopOnInterrupt
from ..runs.reader import CHART
from ..runs.recorder import Recorder, plain
from ._session import Show

OUT_OF_TIME = "the budget is used up"
LOGS_PER_EPOCH = 10
FEWEST_STEPS_BETWEEN_EVALUATIONS = 20  # a tiny set has epochs of a few steps; scoring each would take the time


@dataclass(frozen=True)
class Outcome:
    """How a training ended. why: '' if all steps were done. best_step: the step whose weights were best. measure: what
    `best` is a score of."""

    why: str
    best: float
    best_step: int
    seconds: float
    diagnosis: Diagnosis
    measure: str = ""

    @property
    def said(self) -> str:
        """The best score for people."""
        no_share = self.measure.endswith(("log_likelihood", "elbo", "likeness", "return"))
        return score(self.measure, self.best) if no_share else f"{self.best:.4f}"

    @property
    def findings(self) -> Sequence[Finding]:
        """Causes of an alarm first, then notes."""
        return [*self.diagnosis.causes, *self.diagnosis.notes]


class Progress(Observer):
    """Tells the show how far the training is and how well it does."""

    def __init__(self, show: Show) -> None:
        self.show, self.text, self.measure = show, "", ""

    def after_step(self, step: int, task: Task) -> None:
        self.show.progress("train", step + 1, task.steps, self.text)

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        self.measure, value = next(iter(scores.items()))
        self.text = f"{measured(self.measure)} {score(self.measure, value)}"


class KeepChart(Observer):
    """Keeps the doctor's chart beside the record, and says an alarm aloud as soon as there is one."""

    def __init__(self, folder: Path, checkup: Checkup, show: Show) -> None:
        self.folder, self.checkup, self.show, self._told = folder, checkup, show, set[str]()

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        self._save()
        diagnosis = self.checkup.diagnosis(final=False)
        if diagnosis.alarm and self.checkup.chart.first_alarm is None:
            self.checkup.chart.first_alarm = step + 1
        if diagnosis.alarm and diagnosis.causes[0].kind not in self._told:
            cause = diagnosis.causes[0]
            self._told.add(cause.kind)
            self.show.say(f"doctor     step {step + 1}: {cause.what}; {cause.cause}: {cause.remedy}")

    def after_fit(self, steps_done: int, task: Task, why: str) -> None:
        self._save()

    def _save(self) -> None:
        checkpoint.write_whole(self.folder / CHART, json.dumps(plain(self.checkup.chart.to_dict())).encode())


class Deadline(Observer):
    """Stops a run that would not end in time; the schedule was planned to end before."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds

    def after_step(self, step: int, task: Task) -> None:
        if time.monotonic() > self.ends:
            raise StopTraining(OUT_OF_TIME)


def train(
    task: Task,
    folder: Path,
    show: Show,
    seconds: float = math.inf,
    extra: Sequence[Observer] = (),
    reference: float | None = None,
) -> Outcome:
    """Train `task` to its last step, from the last checkpoint in `folder` if any; it ends with the best weights.

    reference: the validation score that simpler methods reach; to stay below it is what the doctor calls hurt.
    """
    began = time.monotonic()
    checkup = Checkup(reference)
    average = averaging.chosen(task)
    every = task.evaluated_every or max(task.steps_per_epoch, FEWEST_STEPS_BETWEEN_EVALUATIONS)
    evaluate = Evaluate(every, [], average)
    log_every = max(1, task.steps_per_epoch // LOGS_PER_EPOCH)
    recorder = Recorder(folder, [evaluate, checkup], log_every)
    keep = KeepChart(folder, checkup, show)
    evaluate.tell = [recorder, checkup, keep, progress := Progress(show), *extra]
    start = recorder.resume(task)
    if task.resumed_note:
        show.say(f"resume     not exactly where it stopped: {task.resumed_note}")
    interrupt = StopOnInterrupt()
    # The recorder saves last, after everyone has seen the step; what stops a run comes after that.
    observers = [
        checkup,
        StopNotFinite(),
        evaluate,
        progress,
        recorder,
        keep,
        *extra,
        Deadline(seconds),
        interrupt,
    ]
    try:
        why = fit(task, task.steps, observers, start)
        if why == OUT_OF_TIME and recorder.best_step < 0:
            evaluate.score(0, task)  # what little was learned is kept, and measured
        diagnosis = checkup.diagnosis()
        for finding in (*diagnosis.causes, *diagnosis.notes):
            recorder.journal.note("finding", watcher=finding.kind, **vars(finding))
    finally:
        interrupt.release()
        recorder.journal.close()
    if recorder.best_step >= 0:
        recorder.load_best(task)
    seconds_taken = time.monotonic() - began
    return Outcome(why, recorder.best, recorder.best_step, seconds_taken, diagnosis, progress.measure)
