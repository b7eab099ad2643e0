"""What tasks have in common that tell the next token of a sequence: one objective, and nats as its measure."""

import math
from abc import abstractmethod
from typing import Any, ClassVar

from torch import nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ._batched import Batched


class Telling(Batched):
    """Descend the nats of the next token, the true ones before it given (teacher forcing).

    vocabulary: how many tokens there are; a blind guess has the logarithm of that. descent: lr and what else an
    `Objective` takes by name.
    """

    NAME: ClassVar[str]  # of the objective
    TRAIN_SAMPLE: ClassVar[int]  # of the training part, scored at each evaluation to see the gap to validation

    def __init__(
        self, model: nn.Module, data: Any, optimizer: OptimizerFactory, vocabulary: int, **descent: Any
    ) -> None:
        super().__init__(model, data)
        blind = math.log(vocabulary)
        self.objectives = [
            Objective(self.NAME, self.surprise, model.parameters(), optimizer, blind_loss=blind, **descent)
        ]
        self.train()

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
