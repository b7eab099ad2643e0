"""What enters the loss: the outputs, the targets and the settings of every loss function of torch that is called."""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

LOGITS, LOG_CHANCES, CHANCES, VALUES, MARGINS = "logits", "log of chances", "chances", "values", "margins"
EXPECTS = {  # what each loss takes as its first argument
    "cross_entropy": LOGITS,
    "nll_loss": LOG_CHANCES,
    "kl_div": LOG_CHANCES,
    "binary_cross_entropy": CHANCES,
    "binary_cross_entropy_with_logits": LOGITS,
    "multilabel_soft_margin_loss": LOGITS,
    "soft_margin_loss": MARGINS,
    "multi_margin_loss": MARGINS,
    "mse_loss": VALUES,
    "l1_loss": VALUES,
    "smooth_l1_loss": VALUES,
    "huber_loss": VALUES,
}
PER_CLASS = ("cross_entropy", "nll_loss", "multi_margin_loss")  # outputs (B, K, ...), whole-number targets (B, ...)
TINY = 1e-7  # chances nearer to 0 or 1 have no logarithm in float32


@dataclass
class LossCall:
    """One call of a loss function. outputs: its first argument, with its graph; value: None if the call failed."""

    name: str
    function: Callable[..., Tensor]
    outputs: Tensor
    targets: Tensor
    settings: dict[str, Any]
    value: Tensor | None = None

    @property
    def expects(self) -> str:
        return EXPECTS[self.name]

    @property
    def n_classes(self) -> int:
        """Width of the head where each example has one class; else 0."""
        if self.name not in PER_CLASS or self.outputs.ndim == 0:
            return 0
        return self.outputs.shape[1 if self.outputs.ndim > 1 else 0]

    @property
    def labels(self) -> Tensor | None:
        """Whole-number labels that count, flat; None if the targets are of another kind."""
        if not self.n_classes or self.targets.is_floating_point():
            return None
        labels = self.targets.reshape(-1)
        return labels[labels != self.settings.get("ignore_index", -100)]

    def at(self, outputs: Tensor) -> float:
        """This loss for other outputs, same targets and settings."""
        with torch.no_grad():
            return float(self.function(outputs, self.targets, **self.settings))

    def blind(self) -> list[float]:
        """The losses of models that ignore their input: the even guess, and the one that knows the frequencies."""
        x = self.outputs.detach()
        found = [self.at(guess) for guess in self._blind_outputs(x)]
        return [value for value in found if math.isfinite(value)]

    def best(self) -> float:
        """The least this loss can be on these targets; 0 where nothing is known."""
        ideal = self._ideal_outputs(self.outputs.detach())
        if ideal is None:
            return 0.0
        value = self.at(ideal)
        return value if math.isfinite(value) else 0.0

    def _blind_outputs(self, x: Tensor) -> Iterator[Tensor]:
        labels = self.labels
        if self.expects == VALUES:
            # A regression's blind guess is the mean of the targets: its loss is their variance.
            yield self.targets.to(x).mean(0, keepdim=True).expand_as(self.targets).reshape(self.targets.shape)
        elif self.expects == CHANCES:
            yield torch.full_like(x, 0.5)
        elif self.name == "nll_loss":
            yield torch.full_like(x, -math.log(max(1, self.n_classes)))
        elif self.name == "kl_div":
            yield torch.full_like(x, -math.log(max(1, x.shape[-1])))
        else:
            yield torch.zeros_like(x)
        if labels is not None and len(labels) and self.name != "multi_margin_loss" and self._labels_fit(labels):
            frequency = torch.bincount(labels, minlength=self.n_classes).to(x).clamp_min(0.5)
            prior = (frequency / frequency.sum()).log()
            shape = [1, -1] + [1] * (x.ndim - 2) if x.ndim > 1 else [-1]
            yield prior.reshape(shape).expand_as(x)

    def _labels_fit(self, labels: Tensor) -> bool:
        return bool((labels >= 0).all() and (labels < self.n_classes).all())

    def _ideal_outputs(self, x: Tensor) -> Tensor | None:
        smoothing = float(self.settings.get("label_smoothing", 0.0))
        if self.name == "cross_entropy" and (smoothing or self.targets.is_floating_point()):
            target = self.targets
            if not target.is_floating_point():
                target = F.one_hot(target.clamp_min(0), self.n_classes).movedim(-1, 1 if x.ndim > 1 else 0).to(x)
            return ((1 - smoothing) * target + smoothing / max(1, self.n_classes)).clamp_min(TINY).log()
        if self.name == "binary_cross_entropy":
            return self.targets.to(x)
        if self.name == "binary_cross_entropy_with_logits":
            return self.targets.to(x).logit(TINY)
        if self.name == "kl_div":
            return self.targets if self.settings.get("log_target") else self.targets.clamp_min(TINY).log()
        return None


class LossCalls(TorchFunctionMode):
    """Collects the calls of loss functions made inside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[LossCall] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        call = _understood(func, args, kwargs)
        if call is None:
            return func(*args, **kwargs)
        self.found.append(call)  # before it is made: a call that fails is the most interesting one
        call.value = func(*args, **kwargs)
        return call.value


def _understood(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LossCall | None:
    name = getattr(func, "__name__", "")
    if name not in EXPECTS or getattr(func, "__module__", "") != F.__name__:
        return None
    try:
        bound = inspect.signature(func).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return None
    outputs, targets = bound.pop("input", None), bound.pop("target", None)
    if not (isinstance(outputs, Tensor) and isinstance(targets, Tensor)):
        return None
    return LossCall(name, func, outputs, targets, bound)


# What changes the shape of outputs but not their values.
PASSING = {"View", "Reshape", "Squeeze", "Unsqueeze", "ToCopy", "Transpose", "T", "Permute", "Alias", "Clone", "Select"}
PASSING |= {"Slice", "Expand", "Index", "UnsafeView", "AsStrided", "Flatten"}
ACTIVATIONS = {
    "LogSoftmax": "log_softmax",
    "Softmax": "softmax",
    "Sigmoid": "sigmoid",
    "LogSigmoid": "log_sigmoid",
    "Relu": "relu",
    "Tanh": "tanh",
    "Log": "log",
}


def last_activation(outputs: Tensor) -> str:
    """The non-linearity that made these outputs, read off their graph; '' if it is none of the usual ones."""
    node = outputs.grad_fn
    while node is not None:
        name = node.name().rstrip("0123456789").removesuffix("Backward").removeprefix("Under").lstrip("_")
        if name in ACTIVATIONS:
            return ACTIVATIONS[name]
        if name not in PASSING or not node.next_functions:
            return ""
        node = node.next_functions[0][0]
    return ""
