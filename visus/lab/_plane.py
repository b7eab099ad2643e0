"""Small networks on points of the plane: the model `mlp`, trained by the one loop on all points at every step."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..data import toys
from ..engine import optimizers
from ..engine.loop import Observer, fit
from ..engine.objective import Batch, Memory, Objective, Report, Terms
from ..engine.task import Task
from ..layers.activations import Activation
from ..losses.cross_entropy import cross_entropy
from ..metrics.accuracy import accuracy
from ..models.classifiers import mlp

Toy = Literal["blobs", "moons", "multimodal", "parity", "ring", "spiral"]  # toys.NAMES, as words one may type
Points = NDArray[np.float32]
Labels = NDArray[np.int64]
FRESH = 2000  # points of the same kind that a network is tried on


@dataclass(frozen=True)
class Learnt:
    """A trained network, and its loss at each step."""

    network: nn.Module
    losses: list[float]

    @torch.no_grad()
    def scores(self, points: Points) -> Tensor:
        """(N, 2) -> (N, K)."""
        scores: Tensor = self.network(torch.from_numpy(points)[:, :, None, None])
        return scores

    def predict(self, points: Points) -> Labels:
        """(N, 2) -> classes (N,)."""
        return self.scores(points).argmax(1).numpy()

    def accuracy(self, points: Points, labels: Labels) -> float:
        """The share of these points that it gets right."""
        return accuracy(self.scores(points), torch.from_numpy(labels))


class Plane(Task):
    """Tell apart points (N, 2) of classes (N,), all at every step."""

    def __init__(self, network: nn.Module, points: Points, labels: Labels, optimizer: str, lr: float, decay: float):
        super().__init__()
        self.network = network
        self.batch = (torch.from_numpy(points)[:, :, None, None], torch.from_numpy(labels))
        rule = optimizers.NAMED[optimizer]
        self.objectives = [Objective("classify", self.loss, network.parameters(), rule, lr=lr, weight_decay=decay)]

    def loss(self, batch: Batch) -> Terms:
        points, labels = batch
        return {"cross_entropy": cross_entropy(self.network(points), labels)}

    def batches(self, start: int = 0) -> Iterator[Batch]:
        return repeat(self.batch)

    def evaluate(self) -> dict[str, float]:
        points, labels = self.batch
        with torch.no_grad():
            return {"train_accuracy": accuracy(self.network(points), labels)}


def learn(
    points: Points,
    labels: Labels,
    *,
    hidden: int = 100,
    layers: int = 2,
    activation: Activation = "relu",
    weight_decay: float = 1e-3,
    lr: float = 1.0,
    steps: int = 2000,
    optimizer: str = "sgd",
    seed: int = 0,
) -> Learnt:
    """Train once, on the processor. layers=1: a linear classifier. weight_decay: the 0.5 lambda sum(W**2) form."""
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not ours to use up
        torch.manual_seed(seed)
        network = mlp.build((2, 1, 1), int(labels.max()) + 1, hidden, layers, activation)
    watch = _Losses()
    fit(Plane(network, points, labels, optimizer, lr, weight_decay), steps, [watch])
    return Learnt(network.eval(), watch.losses)


def fresh(name: str, seed: int) -> tuple[Points, Labels]:
    """Points of a set that no network of this seed has learned from."""
    return toys.make(name, FRESH, seed + 1_000_003)


def mislabelled(labels: Labels, share: float, seed: int) -> Labels:
    """The labels with a share of them, drawn at random, changed to another class."""
    random, n_classes = np.random.default_rng(seed), int(labels.max()) + 1
    wrong = random.permutation(len(labels))[: round(share * len(labels))]
    found = labels.copy()
    found[wrong] = (found[wrong] + random.integers(1, n_classes, len(wrong))) % n_classes
    return found


class _Losses(Observer):
    def __init__(self) -> None:
        self.losses: list[float] = []

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        self.losses.append(float(report.loss))
