"""What tasks have in common that tell the next token of a sequence: one objective, and nats as its measure."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.task import Task


class Telling(Task):
    """Descend the nats of the next token, the true ones before it given (teacher forcing).

    vocabulary: how many tokens there are; a blind guess has the logarithm of that. descent: lr and what else an
    `Objective` takes by name.
    """

    NAME: ClassVar[str]  # of the objective
    TRAIN_SAMPLE: ClassVar[int]  # of the training part, scored at each evaluation to see the gap to validation
    data: Any

    def __init__(
        self, model: nn.Module, data: Any, optimizer: OptimizerFactory, vocabulary: int, **descent: Any
    ) -> None:
        super().__init__()
        self.model, self.data = model, data
        self.steps_per_epoch = data.steps_per_epoch
        blind = math.log(vocabulary)
        self.objectives = [
            Objective(self.NAME, self.surprise, model.parameters(), optimizer, blind_loss=blind, **descent)
        ]
        self.train()

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def batches(self, start: int = 0) -> Iterator[Batch]:
        for batch in self.data.batches(start):
            yield self.moved(batch)

    def moved(self, batch: Batch) -> tuple[Tensor, ...]:
        """The batch on the task's device."""
        return tuple(tensor.to(self.device, non_blocking=True) for tensor in batch)

    def sources(self, step: int) -> list[str]:
        """Where each row of a step's batch comes from."""
        found: list[str] = self.data.sources(step)
        return found

    @abstractmethod
    def surprise(self, batch: Batch) -> Terms:
        """Mean nats of a token of the batch, and what else is descended."""

    @abstractmethod
    def nats(self, name: str, limit: int | None = None) -> float:
        """Mean nats of a token of a part, or of its first `limit` examples, in evaluation mode."""

    def evaluate(self) -> dict[str, float]:
        found = self.nats("validation")
        return {
            "validation_log_likelihood": -found,
            "validation_nats": found,
            "validation_perplexity": math.exp(min(found, 100.0)),
            "train_nats": self.nats("train", self.TRAIN_SAMPLE),
        }
