"""The settings of a descent that recipes of sequences share, and what follows from them."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from ..engine import optimizers, precision
from ..engine.device import choose as choose_device
from ..engine.objective import OptimizerFactory
from ..engine.probe import fastest_precision
from ..engine.task import Task
from . import _descent
from ._form import About, Limits, Range

Rule = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "muon"]
Course = Literal["one_cycle", "cosine", "linear", "constant", "step", "exponential", "inverse", "cyclic"]
Arithmetic = Literal["auto", "float32", "bfloat16"]
Planned = TypeVar("Planned", bound=Task)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long a task descends, and how. Raises ValueError for settings that cannot be together.

    A recipe takes these settings by `_form.like(Plan)`; where another default suits it, it names the setting itself.
    """

    optimizer: Annotated[Rule, About("update rule")] = "adamw"
    lr: Annotated[float, Limits(1e-12), Range(3e-4, 1e-2, log=True), About("highest learning rate")] = 2e-3
    weight_decay: Annotated[float, Limits(0.0), Range(1e-5, 1e-1, log=True), About("strength of L2")] = 1e-2
    schedule: Annotated[Course, About("how the rate changes")] = "cosine"
    decay: Annotated[float, Limits(1e-6, 1.0), About("rate left at the end of step, exponential, inverse")] = 0.01
    cycles: Annotated[int, Limits(1), About("equal parts of the run, for step and cyclic")] = 3
    epochs: Annotated[float, Limits(0.001), About("passes over the training part")] = 12
    max_norm: Annotated[float, Limits(0.0), About("clip gradients to this length; 0: never")] = 1.0
    accumulate: Annotated[int, Limits(1), About("pieces a batch is cut into to save memory")] = 1
    average: Annotated[float, Limits(0.0, 0.99999), About("decay of averaged weights; 0: no averaging")] = 0.0
    swa: Annotated[float, Limits(0.0, 0.9), About("last share of the run to average equally; 0: none")] = 0.0
    arithmetic: Annotated[Arithmetic, About("number format; auto: the fastest, measured")] = "auto"
    device: Annotated[str, About("auto, cpu or cuda")] = "auto"
    seed: Annotated[int, Limits(0), About("of weights, dropout, order, and the split where none is stated")] = 0

    def __post_init__(self) -> None:
        if self.average and self.swa:
            raise ValueError(
                f"average={self.average:g} and swa={self.swa:g} are two averages of the weights; set one of them to 0"
            )

    @property
    def rule(self) -> OptimizerFactory:
        """The update rule."""
        return optimizers.NAMED[self.optimizer]

    def steps(self, per_epoch: float) -> int:
        """Of the whole run, at least one."""
        return max(1, round(self.epochs * per_epoch))

    def descent(self, per_epoch: float) -> dict[str, Any]:
        """What an `Objective` takes by name. per_epoch: steps in one pass over the data."""
        return {
            "lr": self.lr,
            "schedule": _descent.schedule(self.schedule, self.steps(per_epoch), self.decay, self.cycles),
            "weight_decay": self.weight_decay,
            "max_norm": self.max_norm or math.inf,
            "accumulate": self.accumulate,
        }

    def ready(self, task: Planned) -> Planned:
        """The task on its device, with its steps, averages and precision."""
        task.to(choose_device(self.device))
        task.steps, task.average, task.swa = self.steps(task.steps_per_epoch), self.average, self.swa
        asked = self.arithmetic
        task.run_at(fastest_precision(task) if asked == "auto" else precision.named(asked))
        return task
