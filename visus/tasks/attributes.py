"""Attributes: say of each of several properties whether an example has it; it may have any number of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.schedules import Schedule, constant
from ..engine.task import Task, evaluating
from ..losses.attributes import attribute_hinge, attribute_logistic
from ..metrics.average_precision import mean_average_precision
from ._table import table
from .classify import Classify, Examples


class Attributes(Task):
    """One binary classifier for each attribute, on shared features.

    network: inputs (B, ...) -> scores (B, A). inputs: (N, ...). truth: (N, A), 1 where the attribute is there, else 0.
    loss: logistic for probabilities, hinge for a binary SVM each. held_out: (inputs, truth), or a share to draw.
    """

    def __init__(
        self,
        network: nn.Module,
        inputs: ArrayLike,
        truth: ArrayLike,
        optimizer: OptimizerFactory,
        *,
        held_out: float | tuple[ArrayLike, ArrayLike] = 0.2,
        loss: Literal["logistic", "hinge"] = "logistic",
        lr: float,
        schedule: Schedule = constant,
        weight_decay: float = 0.0,
        batch: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if loss not in ("logistic", "hinge"):
            raise ValueError(f"loss must be logistic or hinge; got '{loss}'")
        self.network, self.kind = network, loss
        self.data = table(inputs, truth, held_out, batch, seed)
        for values in (self.data.truth, self.data.held_truth):
            if not bool(((values == 0) | (values == 1)).all()):
                raise ValueError("attributes are 1 where an example has them and 0 where not; other values were given")
        self.steps_per_epoch = self.data.steps_per_epoch
        blind = self.data.truth.shape[1] * (1.0 if loss == "hinge" else float(torch.log(torch.tensor(2.0))))
        self.objectives = [
            Objective(
                "attributes",
                self.misjudgement,
                network.parameters(),
                optimizer,
                lr=lr,
                schedule=schedule,
                weight_decay=weight_decay,
                blind_loss=blind,
            )
        ]

    def batches(self, start: int = 0) -> Iterator[Batch]:
        return self.data.batches(start)

    def misjudgement(self, batch: Batch) -> Terms:
        inputs, truth = batch
        scores = self.network(inputs)
        truth = truth.to(scores)  # float64 in the gradient check
        if self.kind == "hinge":
            return {"attribute_hinge": attribute_hinge(scores, 2 * truth - 1)}
        return {"attribute_logistic": attribute_logistic(scores, truth)}

    def scores(self, inputs: Tensor) -> Tensor:
        """Inputs (B, ...) -> scores (B, A) in evaluation mode; above 0 means yes."""
        with evaluating(self):
            scores: Tensor = self.network(inputs)
        return scores.float()

    def predict(self, inputs: Tensor) -> Tensor:
        """Inputs (B, ...) -> the probability of each attribute (B, A). Calibrated only with the logistic loss."""
        return self.scores(inputs).sigmoid()

    def accuracies(self) -> Tensor:
        """The share of held-out examples that each attribute is told right of: (A,)."""
        right = (self.scores(self.data.held_inputs) > 0) == self.data.held_truth.bool()
        return right.float().mean(0)

    def evaluate(self) -> dict[str, float]:
        """Mean average precision, which a rare attribute cannot flatter; accuracy over all attributes; the loss."""
        scores, truth = self.scores(self.data.held_inputs), self.data.held_truth
        with torch.no_grad():
            loss = float(next(iter(self.misjudgement((self.data.held_inputs, truth)).values())))
        found = {f"validation_{name}": value for name, value in figures(scores, truth).items()}
        return found | {"validation_loss": loss}


def figures(scores: Tensor, truth: Tensor) -> dict[str, float]:
    """Mean average precision, then accuracy over all attributes: scores (N, A), above 0 for yes; truth (N, A)."""
    finite = bool(scores.isfinite().all())
    return {
        "average_precision": mean_average_precision(scores.numpy(), truth.numpy()) if finite else float("nan"),
        "accuracy": float(((scores > 0) == truth.bool()).float().mean()),
    }


def hinge_of_truth(scores: Tensor, truth: Tensor) -> Tensor:
    """A binary SVM for each attribute: scores (B, A), truth (B, A) in {0, 1}."""
    return attribute_hinge(scores, 2 * truth.to(scores) - 1)


LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"logistic": attribute_logistic, "hinge": hinge_of_truth}


class AttributesOfPictures(Classify):
    """One binary classifier for each attribute of a picture, on shared features."""

    NAME = "attributes"

    def __init__(
        self,
        standardise: nn.Module,
        network: nn.Module,
        data: Examples,
        *,
        loss: Literal["logistic", "hinge"] = "logistic",
        **descent: Any,
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got '{loss}'")
        super().__init__(standardise, network, data, LOSSES[loss], loss_name=f"attribute_{loss}", **descent)

    def measured(self, scores: Tensor, labels: Tensor) -> dict[str, float]:
        """Mean average precision, which a rare attribute cannot flatter, then accuracy over all attributes."""
        return figures(scores, labels)

    def predict(self, images: Tensor) -> Tensor:
        """Images uint8 (B, C, H, W) -> the probability of each attribute (B, A). Calibrated with the logistic loss."""
        return self.scores(images).sigmoid()
