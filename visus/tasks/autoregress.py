"""Autoregress: tell each value of a picture from those before it, which is to say how likely the picture is."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.task import evaluating
from ._batched import Batched


class CanvasLike(Protocol):
    """What is drawn on: see data.canvas.Canvas."""

    @property
    def values(self) -> int: ...

    def shown(self, levels: Tensor) -> Tensor: ...


class Source(Protocol):
    """The pictures, prepared: see data.drawings.Drawings."""

    @property
    def canvas(self) -> CanvasLike: ...


class Drawn(Protocol):
    """Pictures in three parts, as levels: see data.drawings.DrawingBatches."""

    steps_per_epoch: int

    @property
    def prepared(self) -> Source: ...

    def batches(self, start: int = 0) -> Iterator[Batch]: ...
    def sources(self, step: int) -> list[str]: ...
    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]: ...


class Network(Protocol):
    """What a model offers: see models.autoregressive's contract. Levels are uint8 (B, C, H, W)."""

    n_classes: int

    def nats(self, levels: Tensor, labels: Tensor | None = None) -> Tensor: ...
    def surprises(self, levels: Tensor, labels: Tensor | None = None) -> Tensor: ...
    def log_probabilities(self, levels: Tensor, labels: Tensor | None = None) -> Tensor: ...
    def sample(self, n: int, dice: torch.Generator, *, labels: Tensor | None = None) -> Tensor: ...


class Autoregress(Batched):
    """Descend the nats of whole pictures, the sum over their values of -ln p(value | those before it).

    model: what models.autoregressive's contract offers. blind: nats of a fresh model, where they are known. shown:
    samples that are drawn at each evaluation, from the same dice each time. facts: what the network was built from,
    ready for JSON.
    """

    data: Drawn
    NAME = "autoregress"  # of the objective
    TRAIN_SAMPLE = 500  # training pictures scored at each evaluation, to see the gap to validation
    PIECE = 100  # pictures that are looked at together where nothing is learned
    DICE = 36  # seed of the samples that are shown

    def __init__(
        self,
        model: nn.Module,
        data: Drawn,
        optimizer: OptimizerFactory,
        *,
        blind: float | None = None,
        shown: int = 36,
        facts: Mapping[str, Any] | None = None,
        **descent: Any,
    ) -> None:
        super().__init__(model, data)
        self.shown, self.facts = shown, dict(facts or {})
        self.canvas, self.n_classes = data.prepared.canvas, cast(Network, model).n_classes
        self.objectives = [
            Objective(self.NAME, self.surprise, model.parameters(), optimizer, blind_loss=blind, **descent)
        ]
        self.train()

    @property
    def network(self) -> Network:
        """The model, as what it offers."""
        return cast(Network, self.model)

    def surprise(self, batch: Batch) -> Terms:
        """Mean nats of a picture. batch: levels uint8 (B, C, H, W) and labels int64 (B,)."""
        levels, labels = batch
        return {"nats": self.network.nats(levels, self._named(labels)).mean()}

    def log_likelihoods(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """Nats of each picture, float32 (B,), at most 0, in evaluation mode."""
        found = []
        with evaluating(self), self.precision.autocast(self.device.type):
            for first in range(0, len(levels), self.PIECE):
                some = slice(first, first + self.PIECE)
                named = None if labels is None else self._named(labels[some].to(self.device))
                found.append(-self.network.nats(levels[some].to(self.device), named).cpu())
        return torch.cat(found)

    def log_probabilities(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """Of every level of every value given the true ones before it, (B, L, C, H, W), in evaluation mode."""
        with evaluating(self), self.precision.autocast(self.device.type):
            named = None if labels is None else self._named(labels.to(self.device))
            return self.network.log_probabilities(levels.to(self.device), named)

    def nats(self, name: str, limit: int | None = None) -> float:
        """Mean nats of a picture of a part, or of at most `limit` of them, spread evenly."""
        found = [-self.log_likelihoods(levels, labels) for levels, labels in self.data.part(name, limit)]
        return float(torch.cat(found).double().mean()) if found else math.nan

    def evaluate(self) -> dict[str, float]:
        nats, train = self.nats("validation"), self.nats("train", self.TRAIN_SAMPLE)
        return {
            "validation_log_likelihood": -nats,
            "validation_bits_per_dim": nats / (self.canvas.values * math.log(2)),
            "validation_nats": nats,
            "train_log_likelihood": -train,
        }

    def pictured(self) -> dict[str, Tensor]:
        """Samples from the same dice at each evaluation, class by class where there are classes."""
        if not self.shown:
            return {}
        labels = torch.arange(self.shown, device=self.device) % self.n_classes if self.n_classes else None
        dice = torch.Generator().manual_seed(self.DICE)
        with evaluating(self):
            levels = self.network.sample(self.shown, dice, labels=labels)
        return {"samples": self.canvas.shown(levels.cpu())}

    def _named(self, labels: Tensor) -> Tensor | None:
        """The labels of a batch, where the model takes them."""
        return labels if self.n_classes else None
