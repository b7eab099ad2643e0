"""DeepLocalize: the mean of a layer's values over five steps is NaN, infinite, zero, or what it was before.

Source: Wardat et al., 2021 (ICSE), as run in the result files of DeepDiagnosis. Values are activations, weights and
gradients of every layer; loss and accuracy are watched in the same way for numerical errors.
"""

import math

from torch import Tensor

from ..plan import Run
from ._layers import RuleBook

STEPS = 5


class DeepLocalize(RuleBook):
    """Stops at its first finding, as the original does."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: dict[str, float] = {}
        self.before: dict[str, float] = {}

    def examine(self, run: Run, loss: float, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        if self.verdict.alarm:
            return
        if not math.isfinite(loss):
            self.alarm(run, "the loss is not a number", "not_finite")
        means = {f"output of {name}": float(values.float().mean()) for name, values in self.outputs.items()}
        for name, gradient in self.gradients(run):
            means[f"gradient of {name}"] = float(gradient.float().mean())
        for name, p in run.model.named_parameters():
            if p.dim() > 1:
                means[f"weights of {name}"] = float(p.detach().float().mean())
        for name, mean in means.items():
            self.sums[name] = self.sums.get(name, 0.0) + mean / STEPS
        if run.step % STEPS == STEPS - 1:
            for name, mean in self.sums.items():
                if not math.isfinite(mean):
                    self.alarm(run, f"{name} is not finite", "not_finite")
                elif mean == 0.0:
                    self.alarm(run, f"{name} is zero", "no_gradient")
                elif mean == self.before.get(name):
                    self.alarm(run, f"{name} does not change", "parameters_not_updated")
            self.before, self.sums = self.sums, {}
