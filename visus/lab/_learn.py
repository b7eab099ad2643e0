"""Short trainings for experiments: the recipe `classify` as it is, on the processor, with what was seen on the way."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from ..data.batches import Prepared
from ..data.prepare import prepare
from ..engine.loop import Observer, fit
from ..engine.objective import Memory, Objective, Report
from ..recipes import classify
from ..tasks.classify import Classification


@dataclass(frozen=True)
class Learnt:
    """A trained task, and the loss of each step."""

    task: Classification
    losses: list[float]

    @property
    def network(self) -> nn.Module:
        """Standardised pictures (B, C, H, W) -> scores (B, K)."""
        network = self.task.model.network
        assert isinstance(network, nn.Module)
        return network

    @property
    def layers(self) -> list[nn.Module]:
        return list(self.network.children())


def pictures(data: str, train: int = 0) -> Prepared:
    """A named set, ready; `train`: at most so many training pictures, 0 for all."""
    return prepare(data).limited(train or None)


def learn(data: Prepared, **settings: Any) -> Learnt:
    """Train once. Settings are the recipe's; nothing is augmented, one rate is kept, and weights are not decayed."""
    plain: dict[str, Any] = {"model": "mlp", "schedule": "constant", "weight_decay": 0.0, "crop": 0}
    fixed: dict[str, Any] = {"arithmetic": "float32", "device": "cpu"}
    task = classify.build(data, **{**plain, **settings, **fixed})
    watch = Losses()
    fit(task, task.steps, [watch])
    return Learnt(task, watch.losses)


def smooth(losses: list[float], decay: float = 0.9) -> list[float]:
    """The losses as a running average, so that batches that happen to be hard do not hide the course."""
    found, mean = [], losses[0] if losses else 0.0
    for loss in losses:
        mean = decay * mean + (1 - decay) * loss
        found.append(mean)
    return found


class Losses(Observer):
    """Remembers the loss of every improvement."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        self.losses.append(float(report.loss))
