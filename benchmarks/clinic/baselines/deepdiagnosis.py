"""DeepDiagnosis: eight symptoms, each by a threshold on one layer.

Source: Wardat et al., 2022 (ICSE). Thresholds from its code: a node is dead when 70 % of activation entries are at most
0, saturated when more than half of the values before the function exceed 5, a gradient vanishes below a mean of 1e-7;
the loss is to fall by 5 % over five periods.
"""

import torch
from torch import Tensor

from ..plan import Run
from ..watchers import Evaluation
from ._layers import RELUS, SQUASHING, RuleBook, right

DEAD, SATURATED, HALF, VANISHED, FALL, PERIODS, EVERY = 0.7, 5.0, 0.5, 1e-7, 0.05, 5, 10


class DeepDiagnosis(RuleBook):
    """Layers every tenth step, loss and accuracy at each validation."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.rights: list[float] = []
        self.periods: list[tuple[float, float]] = []
        self.weights: dict[str, Tensor] = {}

    def examine(self, run: Run, loss: float, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        self.losses.append(loss)
        self.rights.append(right(outputs, targets))
        if run.step % EVERY != EVERY - 1:
            return
        for name, values in self.outputs.items():
            if not torch.isfinite(values).all():
                self.alarm(run, "exploding tensor", "not_finite", "exploding_gradients")
            elif issubclass(self.kinds[name], RELUS) and (values <= 0).float().mean() >= DEAD:
                self.alarm(run, "dead node", "dead_units", "initialisation")
            elif (
                issubclass(self.kinds[name], SQUASHING) and (self.inputs[name].abs() > SATURATED).float().mean() > HALF
            ):
                self.alarm(run, "saturated activation", "saturation", "inputs_not_normalised")
        for _name, gradient in self.gradients(run):
            if gradient.abs().mean() < VANISHED:
                self.alarm(run, "vanishing gradient", "vanishing_gradients")
        now = {name: p.detach().clone() for name, p in run.model.named_parameters() if p.dim() > 1}
        if any(name in self.weights and torch.equal(value, self.weights[name]) for name, value in now.items()):
            self.alarm(run, "unchanged weight", "parameters_not_updated", "learning_rate_too_low")
        self.weights = now

    def validate(self, run: Run, found: Evaluation) -> None:
        super().validate(run, found)
        n = max(1, len(self.losses))
        self.periods.append((sum(self.losses) / n, sum(self.rights) / n))
        self.losses, self.rights = [], []
        if len(self.periods) < PERIODS:
            return
        (loss, share), (loss_now, share_now) = self.periods[-PERIODS], self.periods[-1]
        if not loss_now < loss - FALL * abs(loss):
            self.alarm(run, "loss not decreasing", "learning_rate_too_high", "learning_rate_too_low")
        if not share_now > share:
            self.alarm(run, "accuracy not increasing", "learning_rate_too_high", "learning_rate_too_low")
