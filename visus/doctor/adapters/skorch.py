"""The doctor as a skorch callback: NeuralNetClassifier(..., callbacks=[("visus", VisusCallback())]).

After `fit`: print(dict(net.callbacks_)["visus"].report()).
"""

from typing import Any

import torch
from torch import nn

from ..anywhere import Doctor
from ..diagnosis import Diagnosis
from ._watch import Watch, figure, package, unharmed

_callbacks: Any = package(["skorch.callbacks"], "skorch")


class VisusCallback(_callbacks.Callback):  # type: ignore[misc]
    """Watches one training at a time; a new `fit` or `partial_fit` begins a new report.

    loss, score: names in the net's history; score: higher is better. reference: the score a good run is known to reach.
    """

    def __init__(self, loss: str = "valid_loss", score: str = "valid_acc", reference: float | None = None) -> None:
        self.loss, self.score, self.reference = loss, score, reference  # skorch copies a callback by these names

    def __getstate__(self) -> dict[str, Any]:
        """Nets are pickled and copied with their callbacks; a doctor and its hooks stay with their training."""
        return {name: value for name, value in self.__dict__.items() if name != "watch_"}

    @property
    def doctor(self) -> Doctor | None:
        """The doctor of the training under way, or of the last one."""
        return self._watch.doctor

    def report(self) -> Diagnosis:
        """What is wrong, why, and what to do: print it, or show it in a notebook."""
        return self._watch.report()

    @unharmed
    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **more: Any) -> None:
        optimizers = [getattr(net, f"{name}_") for name in net._optimizers]
        modules = [getattr(net, f"{name}_") for name in net._modules]
        self._watch.begin(modules, optimizers, None)

    @unharmed
    def on_batch_end(self, net: Any, batch: Any = None, training: bool = False, **step: Any) -> None:
        if training and "loss" in step:
            inputs, targets = batch if isinstance(batch, tuple | list) and len(batch) == 2 else (None, None)
            self._watch.step(step["loss"].detach(), inputs, targets, _scores(net, step.get("y_pred")))

    @unharmed
    def on_epoch_end(self, net: Any, dataset_train: Any = None, dataset_valid: Any = None, **more: Any) -> None:
        if dataset_valid is not None:
            row = net.history[-1]
            self._watch.validate(figure(row, self.loss, "", ""), figure(row, self.score, "", ""))

    @unharmed
    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **more: Any) -> None:
        self._watch.end()

    @property
    def _watch(self) -> Watch:
        # a name that ends in an underscore is no parameter of the callback: skorch does not copy it
        if "watch_" not in self.__dict__:
            self.watch_ = Watch(self.reference)
        return self.watch_


def _scores(net: Any, outputs: Any) -> Any:
    """What the loss gets: skorch's classifier hands the logarithm of its module's chances to NLLLoss."""
    made = outputs[0] if isinstance(outputs, tuple) else outputs
    if isinstance(getattr(net, "criterion_", None), nn.NLLLoss) and isinstance(made, torch.Tensor):
        return made.detach().clamp_min(torch.finfo(made.dtype).eps).log()
    return outputs
