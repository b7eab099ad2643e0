"""What tasks have in common whose batches come from data: where they are made, and on which device they arrive."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ..engine.objective import Batch
from ..engine.task import Task


class Batched(Task):
    """A task that learns `model` from `data`, which has `batches(start)`, `sources(step)` and `steps_per_epoch`."""

    model: nn.Module
    data: Any

    def __init__(self, model: nn.Module, data: Any) -> None:
        super().__init__()
        self.model, self.data = model, data
        self.steps_per_epoch = data.steps_per_epoch

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
        """Where each row of a step's batch comes from, in its order: the names of pictures, say."""
        found: list[str] = self.data.sources(step)
        return found
