"""One trial of a search: train briefly with some settings, score on the validation part."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import recipes
from ..doctor.checkup import StopNotFinite
from ..doctor.instruments.acting import acts
from ..engine import catalogue
from ..engine.loop import Observer, StopTraining, fit
from ..engine.objective import Memory, Objective, Report
from ..engine.task import Task
from .subjects._subject import Subject, built, of_recipe

LOOK_EVERY = 10  # steps between two looks at the loss; each waits for the device
EXPLODED = 4.0  # times the first loss: no schedule brings that back within a short trial


@dataclass(frozen=True)
class Bench:
    """What all trials of a search share. recipe: its name. settings: those that are not searched.

    prepared holds no test part (`Prepared.without_test`), so that no trial can see it.
    """

    recipe: str
    prepared: Any
    settings: Mapping[str, Any]

    @property
    def subject(self) -> Subject:
        return of_recipe(self.recipe)

    @property
    def build(self) -> Callable[..., Task]:
        found: Callable[..., Task] = catalogue.find(recipes, self.recipe).build
        return found

    def task(self, settings: Mapping[str, Any], epochs: float) -> Task:
        """The task of one trial, its schedule ending with it."""
        return built(self.recipe, self.prepared, {**self.settings, **settings, "epochs": epochs})


@dataclass(frozen=True)
class Result:
    """score: the first of its evaluation, as validation accuracy; None if it diverged.

    collapsed: no better than a blind guess.
    """

    score: float | None
    collapsed: bool
    seconds: float


class StopExploded(Observer):
    """Ends a trial whose loss has left its beginnings far above."""

    def __init__(self) -> None:
        self.first = math.nan

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if step == 0:
            self.first = float(report.loss)
        elif step % LOOK_EVERY == 0 and float(report.loss) > EXPLODED * self.first > 0:
            raise StopTraining("the loss exploded")


def run(bench: Bench, settings: Mapping[str, Any], epochs: float) -> Result:
    """Make one trial, here and now."""
    began = time.perf_counter()
    task = bench.task(settings, epochs)
    # in a game each loss rises at the cost of another, and who acts meets what it has not met before: no loss of
    # theirs says that the trial has exploded
    exploded = [StopExploded()] if len(task.objectives) == 1 and not acts(task) else []
    why = fit(task, task.steps, [StopNotFinite(), *exploded])
    score = None if why else next(iter(task.evaluate().values()))
    return result(bench, score, time.perf_counter() - began)


def result(bench: Bench, score: float | None, seconds: float) -> Result:
    """A score with what is to be said of it."""
    blind = bench.subject.blind_score(bench.prepared)
    return Result(score, score is not None and score <= blind, seconds)
