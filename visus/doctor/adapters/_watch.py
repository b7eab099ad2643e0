"""A doctor beside a trainer that is not ours: what goes wrong in the doctor is written down, never raised."""

import functools
import logging
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ..anywhere import Doctor
from ..chart import Chart
from ..diagnosis import Diagnosis, diagnose

LOG = logging.getLogger("visus.doctor")
TARGETS = ("labels", "label", "targets", "target", "y")  # what batches call them, the most usual first


def package(names: Iterable[str], install: str) -> Any:
    """The first of some modules that can be imported. Raises ImportError with the command that installs it."""
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):
                raise  # it is there, but something it needs is not: its own message is better than ours
    raise ImportError(f"this adapter needs {install}, which is not installed; try: pip install {install}")


class Watch:
    """Makes a Doctor when a training begins, feeds it, takes it away; it watches one training at a time."""

    def __init__(self, reference: float | None = None) -> None:
        self.reference = reference
        self.doctor: Doctor | None = None
        self.active = False
        self.calls = Calls()
        self._chart: Chart | None = None
        self._handles: list[RemovableHandle] = []

    def begin(self, models: Iterable[nn.Module], optimizers: Iterable[Optimizer], steps: int | None) -> None:
        """models: the first one is examined; calls of all of them are overheard. steps: planned, None if unknown."""
        self.end()
        self.doctor, self._chart, self.calls = None, None, Calls()
        models = list(models)
        self.doctor = Doctor(models[0], list(optimizers), steps=steps, reference=self.reference)
        self._handles = [m.register_forward_hook(self.calls, with_kwargs=True) for m in dict.fromkeys(models)]
        self.active = True

    def step(self, loss: Any, inputs: Any = None, targets: Any = None, outputs: Any = None) -> None:
        """One step; inputs and outputs as overheard, unless the trainer tells them."""
        if self.active and self.doctor is not None:
            inputs = self.calls.inputs if inputs is None else inputs
            outputs = self.calls.outputs if outputs is None else outputs
            self.calls.forget()
            self.doctor.step(loss, inputs=inputs, targets=targets, outputs=outputs)

    def validate(self, loss: float | None, score: float | None) -> None:
        """Scores on held-out data; score: higher is better."""
        if self.active and self.doctor is not None and not (loss is None and score is None):
            self.doctor.validate(loss, score)

    def end(self) -> None:
        """Take every hook away; the report stays."""
        self.active = False
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if self.doctor is not None:
            self.doctor.detach()

    def report(self) -> Diagnosis:
        """The diagnosis so far. Raises RuntimeError before a training began."""
        if self.doctor is not None:
            return self.doctor.report()
        if self._chart is None:
            raise RuntimeError("no training was watched yet; hand this callback to a trainer, train, then ask again")
        return diagnose(self._chart)

    def cannot(self, what: str, why: str) -> bool:
        """Write down what is not examined, and why; False if that is known."""
        if self.doctor is None and self._chart is None:
            self._chart = Chart()
        chart = self.doctor.chart if self.doctor is not None else self._chart
        known = len(chart.unexamined) if chart else 0
        if chart:
            chart.cannot(what, why)
        return chart is not None and len(chart.unexamined) > known


def unharmed(hook: Callable[..., None]) -> Callable[..., None]:
    """A trainer's hook that cannot stop the training: an error in it is written into the report, and logged once.

    It belongs to a class with a Watch in `_watch`.
    """

    @functools.wraps(hook)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            hook(self, *args, **kwargs)
        except Exception as error:
            what = hook.__name__.removeprefix("on_").replace("_", " ")
            reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
            if self._watch.cannot(what, reason):
                LOG.warning("%s: not examined, because %s; the training goes on", what, reason)

    return guarded


class Calls:
    """A forward hook that remembers what a model was last called with while it trained, and what it answered.

    Of nested calls the outermost is heard last, so it stands.
    """

    def __init__(self) -> None:
        self.forget()

    def __deepcopy__(self, memo: Any) -> "Calls":
        return Calls()  # a copy of the model is somebody else's

    def forget(self) -> None:
        """Let go of the tensors."""
        self.inputs: Any = None
        self.outputs: Any = None
        self.given: Mapping[str, Any] = {}  # by keyword

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if not module.training or not torch.is_grad_enabled():
            return
        if self.outputs is not None and _is_loss(output):
            return  # some trainers run a whole training step as one call of their module
        self.inputs = args[0] if args else next(iter(kwargs.values()), None)
        self.outputs, self.given = output, dict(kwargs)


def network(model: nn.Module) -> nn.Module:
    """The smallest module inside `model` that holds all its parameters: the one called where `model` itself is not."""
    while not any(True for _ in model.parameters(recurse=False)):
        holding = [child for child in model.children() if any(True for _ in child.parameters())]
        if (
            len(holding) != 1
            or isinstance(model, nn.Sequential)
            or isinstance(holding[0], nn.ModuleList | nn.ModuleDict)
        ):
            return model
        model = holding[0]
    return model


def targets_of(batch: Any) -> Any:
    """What a batch says should have been answered: the second of a tuple, 'labels' of a mapping; None if unknown."""
    if isinstance(batch, Mapping):
        return next((batch[name] for name in TARGETS if name in batch), None)
    return batch[1] if isinstance(batch, list | tuple) and len(batch) > 1 else None


def figure(scores: Mapping[str, Any], chosen: str | None, prefix: str, word: str) -> float | None:
    """The score called `chosen`; without one, the first whose name begins with `prefix` and holds `word`."""
    names = [chosen] if chosen else [n for n in scores if n.lower().startswith(prefix) and word in n.lower()]
    value = next((scores[name] for name in names if name in scores), None)
    return None if value is None else float(value)


def _is_loss(output: Any) -> bool:
    if isinstance(output, Mapping):
        return set(output) == {"loss"}
    return output is None or (isinstance(output, Tensor) and output.ndim == 0)
