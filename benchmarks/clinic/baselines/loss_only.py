"""What anyone can see: the loss is not a number, or no lower than at the start."""

import math

from torch import Tensor

from ..plan import Run
from ._layers import RuleBook

FLAT = 0.95  # of the loss of the first steps


class LossOnly(RuleBook):
    """Judged at the end of the run; NaN at once."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def examine(self, run: Run, loss: float, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        self.losses.append(loss)
        if not math.isfinite(loss):
            self.alarm(run, "the loss is not a number", "not_finite")

    def finish(self, run: Run) -> None:
        super().finish(run)
        n = max(1, len(self.losses) // 50)
        tail = max(1, len(self.losses) // 10)
        start, end = sum(self.losses[:n]) / n, sum(self.losses[-tail:]) / tail
        if not end < start - (1 - FLAT) * abs(start):
            self.alarm(run, f"the loss went from {start:.3g} to {end:.3g}", "plateau")
