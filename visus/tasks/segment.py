"""Segment: name the class of every pixel."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..losses.dice import blind_dice, dice_loss
from ..losses.segmentation import IGNORE, pixel_cross_entropy
from ..metrics.segmentation import confusion_of_maps, scores_of
from ._batched import Batched
from .classify import joined


class Mapped(Protocol):
    """Pictures with label maps in three parts: see data.map_batches."""

    steps_per_epoch: int

    def batches(self, start: int = 0) -> Iterator[Batch]: ...
    def sources(self, step: int) -> list[str]: ...
    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]: ...


class Segment(Batched):
    """Descend the nats of every pixel's class, and with a weight the Dice loss, which asks for whole shapes.

    network: standardised pictures (B, 3, H, W) -> scores (B, K, H, W). shares: (K,) of the classes among training
    pixels. weights: (K,) of the classes in the cross-entropy, or None. dice: weight of the Dice loss. facts: what
    the network was built from, ready for JSON.
    """

    data: Mapped
    NAME = "segment"  # of the objective
    TRAIN_SAMPLE = 50  # training pictures scored at each evaluation, to see the gap to validation

    def __init__(
        self,
        standardise: nn.Module,
        network: nn.Module,
        data: Mapped,
        optimizer: OptimizerFactory,
        *,
        shares: Tensor,
        weights: Tensor | None = None,
        dice: float = 0.0,
        smoothing: float = 0.0,
        facts: Mapping[str, Any] | None = None,
        **descent: Any,
    ) -> None:
        super().__init__(joined(standardise, network), data)
        self.facts = dict(facts or {})
        self.weights, self.dice, self.smoothing, self.n_classes = weights, dice, smoothing, len(shares)
        self._painted: NDArray[np.int64] | None = None
        blind = math.log(self.n_classes) + (dice * blind_dice(shares) if dice else 0)
        self.objectives = [
            Objective(self.NAME, self.misjudgement, self.model.parameters(), optimizer, blind_loss=blind, **descent)
        ]
        self.train()

    def misjudgement(self, batch: Batch) -> Terms:
        """Named losses of a batch: images uint8 (B, 3, H, W) and labels int64 (B, H, W)."""
        images, labels = batch
        return self._losses(self.model(images), labels)

    def _losses(self, scores: Tensor, labels: Tensor) -> Terms:
        terms = {"cross_entropy": pixel_cross_entropy(scores, labels, self.weights, smoothing=self.smoothing)}
        if self.dice:
            terms["dice"] = self.dice * dice_loss(scores, labels)
        return terms

    def ignored(self, batch: Batch) -> Tensor:
        """Pixels (B, H, W) of a batch that are to count neither way."""
        return batch[1] == IGNORE

    def painted(self) -> NDArray[np.int64] | None:
        """The confusion of the validation pixels (K, K), rows truth, at the last evaluation."""
        return self._painted

    def scores(self, images: Tensor) -> Tensor:
        """Images uint8 (B, 3, H, W) -> scores (B, K, H, W), float32, in evaluation mode."""
        with evaluating(self), self.precision.autocast(self.device.type):
            scores: Tensor = self.model(images.to(self.device))
        return scores.float()

    def predict(self, images: Tensor) -> Tensor:
        """Images uint8 (B, 3, H, W) -> probabilities of the classes (B, K, H, W)."""
        return self.scores(images).softmax(1)

    def judged(self, name: str, limit: int | None = None) -> tuple[NDArray[np.int64], float]:
        """The confusion of a part's pixels (K, K), rows truth, and the mean loss of its pictures."""
        confusion = np.zeros((self.n_classes, self.n_classes), dtype=np.int64)
        total, n = 0.0, 0
        for images, labels in self.data.part(name, limit):
            scores, labels = self.scores(images), labels.to(self.device)
            with torch.no_grad():
                total += float(sum(self._losses(scores, labels).values())) * len(images)
            n += len(images)
            confusion += confusion_of_maps(labels.cpu().numpy(), scores.argmax(1).cpu().numpy(), self.n_classes)
        return confusion, total / n if n else math.nan

    def evaluate(self) -> dict[str, float]:
        confusion, loss = self.judged("validation")
        self._painted = confusion
        found = scores_of(confusion)
        train, train_loss = self.judged("train", self.TRAIN_SAMPLE)
        return {
            "validation_mean_iou": found.mean_iou,
            "validation_pixel_accuracy": found.pixel_accuracy,
            "validation_mean_accuracy": found.mean_accuracy,
            "train_mean_iou": scores_of(train).mean_iou,
            "validation_loss": loss,
            "train_loss": train_loss,
        }
