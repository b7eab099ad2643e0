"""AutoTrainer: vanishing, exploding, dying ReLU, oscillation, slow convergence; internals only if accuracy is poor.

Source: Zhang et al., 2021 (ICSE); thresholds of its code: first over last gradient below 1e-3 and first below 1e-4;
neighbouring gradients above 70 times; 70 % of gradients zero; accuracy swings of 0.03 in a fifth of the periods; at
most 0.01 gained after 30 % of the run. Accuracy counts as converged above 0.6.
"""

import math
from itertools import pairwise

from torch import Tensor

from ..plan import Run
from ..watchers import Evaluation
from ._layers import RuleBook, right

RATIO, SMALL, EXPLODED, ZERO, SWING, OFTEN, SLOW, CONVERGED, HUGE = 1e-3, 1e-4, 70.0, 0.7, 0.03, 0.2, 0.01, 0.6, 1e3


class AutoTrainer(RuleBook):
    """Checked at each validation, on the gradients of the step before it."""

    def __init__(self) -> None:
        super().__init__()
        self.rights: list[float] = []
        self.shares: list[float] = []

    def examine(self, run: Run, loss: float, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        self.rights.append(right(outputs, targets))
        if not math.isfinite(loss) or loss >= HUGE:
            self.alarm(run, "explode", "exploding_gradients", "not_finite", "learning_rate_too_high")

    def validate(self, run: Run, found: Evaluation) -> None:
        super().validate(run, found)
        self.shares.append(sum(self.rights) / max(1, len(self.rights)))
        self.rights = []
        done = (run.step + 1) / run.steps
        if max(self.shares) <= CONVERGED:
            self._layers(run)
        swings = [abs(b - a) >= SWING and b < a for a, b in pairwise(self.shares)]
        if len(swings) >= 3 and sum(swings) / len(swings) >= OFTEN:
            self.alarm(run, "oscillating loss", "oscillation", "learning_rate_too_high")
        if done >= 0.3 and len(self.shares) >= 3 and max(b - a for a, b in pairwise(self.shares)) < SLOW:
            self.alarm(run, "slow convergence", "learning_rate_too_low", "plateau")

    def _layers(self, run: Run) -> None:
        norms = [(float(g.norm()), float((g == 0).float().mean())) for _, g in self.gradients(run)]
        if len(norms) < 2:
            return
        first, last = norms[0][0], norms[-1][0]
        if first < SMALL and first < RATIO * last:
            self.alarm(run, "vanish", "vanishing_gradients")
        if any(a > EXPLODED * b > 0 for (a, _), (b, _) in pairwise(norms)):
            self.alarm(run, "explode", "exploding_gradients", "learning_rate_too_high")
        if any(zeros >= ZERO for _, zeros in norms):
            self.alarm(run, "dying ReLU", "dead_units")
