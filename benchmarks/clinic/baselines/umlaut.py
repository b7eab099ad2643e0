"""UMLAUT: heuristics on inputs, learning rate and one period's change of loss and accuracy.

Source: Schoop et al., 2021 (CHI); thresholds of its code: inputs outside -1 to 1, learning rate outside 1e-7 to 0.01,
validation accuracy above 95 % after the third period, 5 points above training, validation loss up while training loss
goes down; pictures that are not square.
"""

import math

import torch
from torch import Tensor

from ..plan import Run
from ..watchers import Evaluation
from ._layers import RuleBook, right

LOWEST_RATE, HIGHEST_RATE, TOO_GOOD, ABOVE = 1e-7, 0.01, 0.95, 0.05


class Umlaut(RuleBook):
    """Inputs at every step, curves at each validation."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.rights: list[float] = []
        self.before: tuple[float, float] | None = None  # training and validation loss
        self.periods = 0

    def examine(self, run: Run, loss: float, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        self.losses.append(loss)
        self.rights.append(right(outputs, targets))
        if not math.isfinite(loss):
            self.alarm(run, "the loss is NaN", "not_finite", "learning_rate_too_high")
        if not torch.isfinite(inputs).all():
            self.alarm(run, "NaN in the inputs", "inputs_not_finite")
        elif inputs.abs().max() > 1:
            self.alarm(run, "inputs exceed limits", "inputs_not_normalised")
        if inputs.dim() == 4 and inputs.shape[2] != inputs.shape[3]:
            self.alarm(run, "pictures are not square", "wrong_layout")
        rate = max(group.get("initial_lr", group["lr"]) for group in run.optimizer.param_groups)
        if rate > HIGHEST_RATE:
            self.alarm(run, "the learning rate is high", "learning_rate_too_high")
        elif rate < LOWEST_RATE:
            self.alarm(run, "the learning rate is low", "learning_rate_too_low")

    def validate(self, run: Run, found: Evaluation) -> None:
        super().validate(run, found)
        n = max(1, len(self.losses))
        loss, share = sum(self.losses) / n, sum(self.rights) / n
        self.losses, self.rights, self.periods = [], [], self.periods + 1
        if self.before and found.loss > self.before[1] and loss < self.before[0]:
            self.alarm(run, "possible overfitting", "overfitting")
        if self.periods > 3 and found.score > TOO_GOOD:
            self.alarm(run, "validation accuracy is very high", "validation_labels_differ")
        if found.score > share + ABOVE:
            self.alarm(run, "validation is above training", "dropout_too_high")
        self.before = loss, found.loss
