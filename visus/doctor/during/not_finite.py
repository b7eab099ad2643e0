"""Did the loss or a gradient stop being a number?"""

import torch

from ...engine.loop import Observer, StopTraining
from ...engine.objective import Memory, Objective, Report
from ..finding import BLOCKER, Finding

LOOK_EVERY = 10  # steps; a loss that is not finite stays so, and looking waits for the device


class Watch(Observer):
    def __init__(self) -> None:
        self._found: list[Finding] = []

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if step % LOOK_EVERY and step > LOOK_EVERY:
            return
        norm = report.gradient_norm
        if torch.isfinite(report.loss) and (norm is None or torch.isfinite(norm)):
            return
        name = next((term for term, value in report.terms.items() if not torch.isfinite(value)), "its gradient")
        self._found.append(
            Finding(
                BLOCKER,
                f"{objective.name}: {name} is not finite at step {step} (lr {report.lr:.1e})",
                "a finite loss",
                cause="the learning rate is too high for this network",
                remedy="lower the learning rate tenfold, or clip gradients (max_norm=1)",
            )
        )
        raise StopTraining(f"{name} is not finite at step {step}")

    def findings(self) -> list[Finding]:
        return list(self._found)
