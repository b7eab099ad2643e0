"""Classifiers of rows that descend a loss: by the one training loop, on batches drawn from the rows in memory."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import Tensor, nn

from ..data.randomness import permutation
from ..engine import optimizers, schedules
from ..engine.loop import Observer, StopTraining, fit
from ..engine.objective import Batch, Memory, Objective, Report
from ..engine.seed import own_randomness
from ..tasks.classify import Classify, Loss
from ._rows import Floats, Ints, RowClassifier, at_least, one_of

FULL_BATCH = "lbfgs"
WARM_UP = 0.1  # share of the run in which the learning rate rises
STEPS_PER_EPOCH, FEWEST, MOST = 40, 16, 500  # a batch is sized for so many steps an epoch, within these bounds
FLAT = 1e-5  # norm of a gradient, beside the first one, below which a full-batch descent has arrived


class DescentClassifier(RowClassifier):
    """A network trained from rows. A child says which network and which loss."""

    optimizer: str
    lr: float
    weight_decay: float
    epochs: int
    batch: int
    random_state: int | None

    @abstractmethod
    def _network(self, n_features: int, n_classes: int) -> nn.Module:
        """Rows (B, d) -> scores (B, K)."""

    @abstractmethod
    def _loss(self) -> Loss: ...

    def _learn(self, rows: Floats, labels: Ints) -> None:
        one_of(optimizers.NAMED, optimizer=self.optimizer)
        at_least(0, weight_decay=self.weight_decay, batch=self.batch)
        at_least(1, epochs=self.epochs)
        at_least(1e-12, lr=self.lr)
        seed = int(check_random_state(self.random_state).randint(2**31))
        with own_randomness(seed):
            network = self._network(rows.shape[1], len(self.classes_))
            self._descend(network, _Rows(rows, labels, self._batch_size(len(rows)), seed))
        # float64: a row's answer then does not depend on the rows beside it, which sum in another order in float32.
        self.network_ = network.double().eval()

    @torch.no_grad()
    def _score(self, rows: Floats) -> Floats:
        scores: Tensor = self.network_(torch.from_numpy(rows.astype(np.float64)))
        return scores.numpy()

    def _batch_size(self, n: int) -> int:
        if self.optimizer == FULL_BATCH:
            return n
        return min(n, self.batch or max(FEWEST, min(MOST, n // STEPS_PER_EPOCH)))

    def _descend(self, network: nn.Module, data: "_Rows") -> None:
        whole = self.optimizer == FULL_BATCH
        steps = self.epochs * data.steps_per_epoch
        task = Classify(
            nn.Identity(),
            network,
            data,
            self._loss(),
            optimizers.NAMED[self.optimizer],
            lr=1.0 if whole else self.lr,  # a line search finds each step's length
            schedule=schedules.constant if whole else schedules.one_cycle(steps, math.ceil(WARM_UP * steps)),
            weight_decay=self.weight_decay,
        )
        task.steps = steps
        fit(task, steps, [_StopFlat()] if whole else [])
        if not all(parameter.isfinite().all() for parameter in network.parameters()):
            raise ValueError(f"training diverged with lr={self.lr:g}; lower it")


class _Rows:
    """Batches of rows as a function of (seed, step)."""

    def __init__(self, rows: Floats, labels: Ints, batch_size: int, seed: int) -> None:
        self.rows, self.labels = torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(labels)
        self.batch_size, self.seed = batch_size, seed
        self.steps_per_epoch = len(rows) // batch_size  # the rest of an epoch, below one batch, waits for the next

    def batches(self, start: int = 0) -> Iterator[Batch]:
        for step in count(start):
            chosen = torch.from_numpy(self._chosen(step))
            yield self.rows[chosen], self.labels[chosen]

    def sources(self, step: int) -> list[str]:
        return [f"row {row}" for row in self._chosen(step)]

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        if name == "train":
            yield self.rows[:limit], self.labels[:limit]

    def part_steps(self, name: str) -> int:
        return int(name == "train")

    def _chosen(self, step: int) -> Ints:
        if self.batch_size == len(self.rows):
            return np.arange(self.batch_size)
        epoch, place = divmod(step, self.steps_per_epoch)
        order = permutation(self.seed, epoch, len(self.rows))
        return order[place * self.batch_size : (place + 1) * self.batch_size]


class _StopFlat(Observer):
    """Ends a full-batch descent that has arrived at the bottom."""

    def __init__(self) -> None:
        self.first = math.nan

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        norm = float(report.gradient_norm) if report.gradient_norm is not None else math.nan
        self.first = norm if step == 0 else self.first
        if norm <= FLAT * self.first:
            raise StopTraining("the loss is flat")
