"""Short trainings of a recorded run with changed settings: each made once, and kept for the next time."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..doctor.checkup import Checkup, StopNotFinite
from ..engine import averaging
from ..engine.loop import Evaluate, Observer, fit
from ..engine.task import Task
from ..runs.checkpoint import write_whole
from ..runs.interrupt import INTERRUPTED, StopOnInterrupt
from ..runs.recorder import plain
from ._patient import Patient
from ._session import Budget, Show
from ._training import OUT_OF_TIME, Deadline
from ._treatment import Plan, Trial, said

TREATMENT = "treatment.json"
EVALUATIONS = 4  # of a watched trial, so that its outcome can be judged
INTERRUPT = "stopped by you; the trials so far are kept, and the same command goes on"
NO_TIME = "the budget is used up; a larger one goes further"


class Stop(Exception):  # noqa: N818 - it is a decision, not an error
    """The treatment ends with the trials it has; the text says why."""


class Trials:
    """The trials of one run, kept in `path` after each. expected: how many are planned in all, for the bar."""

    def __init__(self, path: Path, patient: Patient, clock: Budget, show: Show) -> None:
        self.path, self.patient, self.clock, self.show = path, patient, clock, show
        self.plan: Plan | None = None
        self.done = self.expected = 0
        self._known: dict[str, Trial] = {}

    def recall(self) -> None:
        """Take up plan and trials of an earlier treatment with the same budget; another one has other lengths."""
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
            trials = [Trial(**trial) for trial in state["trials"]]
            if trials and state["budget_s"] == self.clock.seconds:
                self.plan = Plan(**state["plan"])
                self._known = {_key(t.change, t.seed, t.share): t for t in trials}
        except (OSError, ValueError, KeyError, TypeError):
            return  # none, or not one of ours: everything is made anew

    @property
    def seconds(self) -> float:
        """That all trials took, those of an earlier treatment among them."""
        return sum(trial.seconds for trial in self._known.values())

    def find(self, change: Mapping[str, Any], seed: int, share: float) -> Trial | None:
        return self._known.get(_key(change, seed, share))

    def make(self, change: Mapping[str, Any], seed: int, share: float, watched: bool = False) -> Trial:
        """The trial with these settings, made now unless it is known. Raises Stop."""
        trial = self.find(change, seed, share)
        if trial is None:
            if self.clock.left <= 0:
                raise Stop(NO_TIME)
            trial = self._known[_key(change, seed, share)] = self._train(change, seed, share, watched)
            self.keep()
        self.done += 1
        return trial

    def keep(self, found: Mapping[str, Any] | None = None) -> None:
        """Write the trials down, and what followed from them."""
        trials = [asdict(trial) for trial in self._known.values()]
        state = {"budget_s": self.clock.seconds, "plan": self.plan and asdict(self.plan), "trials": trials}
        write_whole(self.path, (json.dumps(plain({**state, "found": found}), indent=1) + "\n").encode())

    def _train(self, change: Mapping[str, Any], seed: int, share: float, watched: bool) -> Trial:
        began = time.perf_counter()
        task = self.patient.task(change, seed, share)
        checkup, last = Checkup(), LastScores()
        tell: list[Observer] = [last, checkup] if watched else [last]
        average = averaging.chosen(task)
        every = math.ceil(task.steps / EVALUATIONS) if watched else task.steps
        bar = Bar(self.show, self.done, max(self.expected, self.done + 1), said(change))
        interrupt = StopOnInterrupt()
        observers = [StopNotFinite(), Evaluate(every, tell, average), bar, Deadline(self.clock.left), interrupt]
        try:
            why = fit(task, task.steps, [checkup, *observers] if watched else observers)
        finally:
            interrupt.release()
        if why in (INTERRUPTED, OUT_OF_TIME):
            raise Stop(INTERRUPT if why == INTERRUPTED else NO_TIME)
        # A diverged network has a score as well: what it still gets right.
        name, score = next(iter((task.evaluate() if why else last.scores).items()))
        return Trial(
            dict(change),
            seed,
            share,
            task.steps,
            name,
            score if math.isfinite(score) else 0.0,
            bool(why),
            time.perf_counter() - began,
            checkup.diagnosis().outcome.state if watched else "",
        )


class LastScores(Observer):
    """Keeps the scores of the last evaluation."""

    def __init__(self) -> None:
        self.scores: Mapping[str, float] = {}

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        self.scores = scores


class Bar(Observer):
    """Tells the show how far the trials are, this one's part included."""

    def __init__(self, show: Show, done: int, expected: int, text: str) -> None:
        self.show, self.done, self.expected, self.text = show, done, expected, text

    def after_step(self, step: int, task: Task) -> None:
        self.show.progress("treat", self.done + (step + 1) / task.steps, self.expected, self.text)


def _key(change: Mapping[str, Any], seed: int, share: float) -> str:
    return json.dumps([sorted(change.items()), seed, round(share, 6)])
