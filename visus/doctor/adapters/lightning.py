"""The doctor as a Lightning callback: Trainer(callbacks=[doctor := VisusCallback()]), then print(doctor.report())."""

import sys
from typing import Any

from ..anywhere import Doctor
from ..diagnosis import Diagnosis
from ._watch import Watch, figure, network, package, targets_of, unharmed

# One package under two names, each with classes of its own: follow the one in use.
_TWINS = sorted(("lightning.pytorch", "pytorch_lightning"), key=lambda name: name not in sys.modules)
_callbacks: Any = package([f"{name}.callbacks" for name in _TWINS], "lightning")


class VisusCallback(_callbacks.Callback):  # type: ignore[misc]
    """Watches one training at a time; a new `fit` begins a new report.

    loss, score: names under which the module logs them on validation data; by default the first name that begins with
    'val' and holds 'loss' or 'acc'. score: higher is better. reference: the score a good run is known to reach.
    """

    def __init__(self, *, loss: str | None = None, score: str | None = None, reference: float | None = None) -> None:
        super().__init__()
        self.loss, self.score = loss, score
        self._watch = Watch(reference)
        self._losses: list[Any] = []

    @property
    def doctor(self) -> Doctor | None:
        """The doctor of the training under way, or of the last one."""
        return self._watch.doctor

    def report(self) -> Diagnosis:
        """What is wrong, why, and what to do: print it, or show it in a notebook."""
        return self._watch.report()

    @unharmed
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        # A training step calls the module itself, or the network inside it. Of a network alone a copy can be tried.
        self._watch.begin([network(pl_module), pl_module], trainer.optimizers, _planned(trainer))

    @unharmed
    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        self._losses.append(loss.detach())

    @unharmed
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        losses, self._losses = self._losses, []
        if losses:  # a module may pass over a batch
            # Lightning divides a loss by the number of batches that are accumulated; several losses: several optimizers
            pieces = trainer.accumulate_grad_batches if pl_module.automatic_optimization else 1
            self._watch.step(sum(losses) * pieces, targets=targets_of(batch))

    @unharmed
    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        scores = trainer.callback_metrics
        self._watch.validate(figure(scores, self.loss, "val", "loss"), figure(scores, self.score, "val", "acc"))

    @unharmed
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._watch.end()

    @unharmed
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._watch.end()


def _planned(trainer: Any) -> int | None:
    """Batches until the end, where that is known before the first one."""
    updates = trainer.estimated_stepping_batches
    return int(updates) * trainer.accumulate_grad_batches if 0 < updates < float("inf") else None
