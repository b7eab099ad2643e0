"""A task: what is to be learned, stated as data, objectives and a score.

A task is a module, so every network it uses (generator and critic, network and target) moves to a device, changes
precision and is saved together: `task.to(...)`, `task.state_dict()`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .members import Members
from .objective import Batch, Memory, Objective
from .precision import FLOAT32, Precision


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Inside, the module is in evaluation mode; afterwards each of its parts is in the mode it was in."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Inside, the module is in evaluation mode and no gradient is recorded."""
    with evaluation_mode(module), torch.no_grad():
        yield


class Task(nn.Module, ABC):
    """Data, objectives and a score.

    steps: how long the recipe plans to train. steps_per_epoch: batches in one pass over the data. evaluated_every:
    steps between two evaluations, where that is no epoch; 0: an epoch, unless it is very short. average: decay of the
    averaged weights that are evaluated and kept, 0 for the weights themselves. swa: or the last share of the run whose
    weights are averaged equally. keeps_last: kept are the weights of the last evaluation, not those of the best: right
    where the rate ends at 0 and few pictures are there to tell epochs apart. keeps_later: of equally good weights the
    later ones. resumed_note: why a resumed run does not go on as if it had never stopped; '' if it does. surrogates:
    terms of a loss whose gradient is an estimate, as that of draws by REINFORCE, and not the slope of their value.
    """

    objectives: Sequence[Objective | Memory | Members]
    steps: int = 1000
    steps_per_epoch: int = 100
    evaluated_every: int = 0
    average: float = 0.0
    swa: float = 0.0
    keeps_last: bool = False
    keeps_later: bool = False
    resumed_note: str = ""
    surrogates: Sequence[str] = ()
    precision: Precision = FLOAT32

    @abstractmethod
    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of step `start`, `start + 1`, ... for ever, or until nothing is left to learn from.

        Batches of a data set are a function of (seed, step), so that a resumed run sees what it would have seen.
        A task that acts yields what its current model experiences, and keeps its world in its state.
        """

    @abstractmethod
    def evaluate(self) -> dict[str, float]:
        """Named scores on held-out data; the first one, higher is better, decides which checkpoint is best."""

    def illustrate(self) -> dict[str, str]:
        """Named texts that show people what the task makes now, such as a sample; written down at each evaluation."""
        return {}

    def pictured(self) -> dict[str, Tensor]:
        """Named pictures that show people what the task makes now, uint8 (N, 3, H, W); kept at each evaluation."""
        return {}

    def ongoing(self) -> dict[str, Any]:
        """What the next step depends on besides weights and objectives, as worlds and memories: in the last checkpoint,
        and not in the best one."""
        return {}

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Take back what `ongoing` returned."""

    def run_at(self, precision: Precision) -> None:
        """Train and evaluate at this precision from now on."""
        self.precision = precision
        for objective in self.objectives:
            objective.precision = precision
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=precision.memory_format)
