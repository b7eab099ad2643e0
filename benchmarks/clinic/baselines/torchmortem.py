"""torchmortem from PyPI as it is: an alarm is a finding graded WARNING or CRITICAL in its report after the run."""

import importlib
import importlib.util
from typing import Any

from torch import Tensor

from ..plan import Run
from ..watchers import Evaluation, Verdict

WORDS = {  # its titles, in our words; the first that fits
    "Vanishing": "vanishing_gradients",
    "Exploding": "exploding_gradients",
    "Gradient stalling": "no_gradient",
    "Update ratio too low": "learning_rate_too_low",
    "Update ratio too high": "learning_rate_too_high",
    "Activation saturation": "saturation",
    "Dead units": "dead_units",
    "gradient noise": "batch_too_small",
    "divergence": "learning_rate_too_high",
    "plateau": "plateau",
    "norm explosion": "learning_rate_too_high",
    "Stagnant": "learning_rate_too_low",
    "Edge of stability": "learning_rate_too_high",
    "Rank collapse": "capacity_too_small",
}


def missing() -> str:
    """Why it cannot be run here; '' if it can."""
    return "" if importlib.util.find_spec("torchmortem") else "torchmortem is not installed (pip install torchmortem)"


class Torchmortem:
    """Its default sampling and thresholds."""

    def __init__(self) -> None:
        self.verdict = Verdict()

    def begin(self, run: Run) -> None:
        self._autopsy: Any = importlib.import_module("torchmortem").Autopsy(run.model, optimizer=run.optimizer)
        self._autopsy.attach()

    def step(self, run: Run, loss: Tensor, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        self._autopsy.step(loss=float(loss.detach()))

    def validate(self, run: Run, found: Evaluation) -> None:
        """It has no such call."""

    def finish(self, run: Run) -> None:
        self._autopsy.detach()
        found = sorted(self._autopsy.get_report().findings, key=lambda f: -f.severity)
        for finding in [f for f in found if f.severity.name != "INFO"]:
            self.verdict.alarm = True
            self.verdict.reasons.append(finding.title)
            kind = next((ours for word, ours in WORDS.items() if word.lower() in finding.title.lower()), "")
            if kind and kind not in self.verdict.kinds:
                self.verdict.kinds.append(kind)
        self.verdict.first = run.steps if self.verdict.alarm else None  # it reports after the run only
