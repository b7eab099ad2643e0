"""Regress: predict numbers. Where bins would do, classify them instead; see `losses/regression.py`."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.schedules import Schedule, constant
from ..engine.task import Task, evaluating
from ..losses.regression import half_squared_error, l1_regression, l2_regression
from ._table import table
from .classify import Classify, Examples

LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l2": l2_regression,
    "l1": l1_regression,
    "half_squared": half_squared_error,
}
SMALLEST = 1e-12  # a truth that never changes is not divided by 0


class Regress(Task):
    """Predict A numbers of an example.

    network: inputs (B, ...) -> (B, A). inputs: (N, ...). truth: (N, A) or (N,). held_out: (inputs, truth), or a share
    to draw. The network learns the truth with mean 0, deviation 1 over the training part; predictions and scores are in
    the units of the truth.
    """

    centre: Tensor
    spread: Tensor

    def __init__(
        self,
        network: nn.Module,
        inputs: ArrayLike,
        truth: ArrayLike,
        optimizer: OptimizerFactory,
        *,
        held_out: float | tuple[ArrayLike, ArrayLike] = 0.2,
        loss: Literal["l2", "l1", "half_squared"] = "l2",
        lr: float,
        schedule: Schedule = constant,
        weight_decay: float = 0.0,
        batch: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got '{loss}'")
        self.network, self.kind = network, loss
        self.data = table(inputs, truth, held_out, batch, seed)
        self.steps_per_epoch = self.data.steps_per_epoch
        known = self.data.truth
        self.register_buffer("centre", known.mean(0))
        deviation = known.std(0, correction=0)
        self.register_buffer("spread", torch.where(deviation > SMALLEST, deviation, 1.0))
        self.objectives = [
            Objective(
                "regress",
                self.misjudgement,
                network.parameters(),
                optimizer,
                lr=lr,
                schedule=schedule,
                weight_decay=weight_decay,
            )
        ]

    def batches(self, start: int = 0) -> Iterator[Batch]:
        return self.data.batches(start)

    def misjudgement(self, batch: Batch) -> Terms:
        inputs, truth = batch
        return {f"{self.kind}_error": LOSSES[self.kind](self.network(inputs), (truth - self.centre) / self.spread)}

    def predict(self, inputs: Tensor) -> Tensor:
        """Inputs (B, ...) -> numbers (B, A) in the units of the truth, in evaluation mode."""
        with evaluating(self):
            found: Tensor = self.network(inputs) * self.spread + self.centre
        return found

    def evaluate(self) -> dict[str, float]:
        """R2, the share of the truth's variance that is explained, then mean absolute and root mean squared error.

        R2 is 1 at best, 0 for always predicting the mean. Errors are in the units of the truth.
        """
        found = figures(self.predict(self.data.held_inputs), self.data.held_truth)
        return {f"validation_{name}": value for name, value in found.items()}


def figures(predicted: Tensor, truth: Tensor) -> dict[str, float]:
    """R2, mean absolute and root mean squared error of numbers (N, A) against their truth (N, A); R2 first."""
    errors = predicted - truth
    variance = (truth - truth.mean(0)).square().mean(0).clamp_min(SMALLEST)
    return {
        "r2": float((1 - errors.square().mean(0) / variance).mean()),
        "mae": float(errors.abs().mean()),
        "rmse": float(errors.square().mean().sqrt()),
    }


class RegressPictures(Classify):
    """Predict T numbers of a picture.

    network: standardised pictures -> (B, T), standardised. units: a module that turns these into the units of the
    truth; it becomes the model's last layer. The loss is taken of standardised numbers, which its method `standardised`
    gives, so that no unit rules it.
    """

    NAME = "regress"

    def __init__(
        self,
        standardise: nn.Module,
        network: nn.Module,
        data: Examples,
        *,
        units: nn.Module,
        loss: Literal["l2", "l1", "half_squared"] = "l2",
        **descent: Any,
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got '{loss}'")
        error = partial(standardised_error, units, LOSSES[loss])
        super().__init__(standardise, network, data, error, loss_name=f"{loss}_error", **descent)
        self.model.add_module("units", units)

    def measured(self, scores: Tensor, labels: Tensor) -> dict[str, float]:
        """R2, then mean absolute and root mean squared error, in the units of the truth."""
        return figures(scores, labels)

    def predict(self, images: Tensor) -> Tensor:
        """Images uint8 (B, C, H, W) -> numbers (B, T) in the units of the truth."""
        return self.scores(images)


def standardised_error(
    units: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], predicted: Tensor, truth: Tensor
) -> Tensor:
    """A loss of numbers in the units of the truth, taken where they have mean 0 and deviation 1."""
    back: Callable[[Tensor], Tensor] = units.standardised  # type: ignore[assignment]  # modules know no methods by name
    return loss(back(predicted), back(truth.to(predicted)))
