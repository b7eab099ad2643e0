"""An objective: one loss that trains one set of parameters.

A classifier has one objective, a GAN has two, an adversarial image has one whose parameters are its pixels, and
kNN has a `Memory`, which improves by remembering. Mixed precision, gradient accumulation and clipping live in
`improve` and nowhere else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from .precision import FLOAT32, Precision
from .schedules import Schedule, constant

Batch = tuple[Tensor, ...]
Terms = Mapping[str, Tensor]  # named scalar losses; their sum is what is minimised
OptimizerFactory = Callable[[list[dict[str, Any]], float], torch.optim.Optimizer]  # (parameter groups, lr)

FACTOR = "factor"  # name in a parameter group of what its rate is multiplied by; none is 1
NO_FACTORS: Mapping[nn.Parameter, float] = MappingProxyType({})
MEASURE_EVERY = 50  # improvements between two measurements of the update's size; each one copies the weights once


@dataclass(frozen=True)
class Report:
    """What one improvement did. Tensors are detached and stay on the device until somebody looks with float()."""

    objective: str
    loss: Tensor  # nats for likelihoods, squared units for regressions; without the weight penalty
    terms: Terms = field(default_factory=dict)
    gradient_norm: Tensor | None = None  # before clipping
    lr: float = 0.0
    update_ratio: Tensor | None = None  # norm(update) / norm(weights), measured every MEASURE_EVERY improvements


class Objective:
    """One loss, the parameters it may change, and how it changes them.

    loss: called with a batch, returns named scalar terms. parameters: the only weights this objective changes.
    optimizer: a factory from `optimizers`. schedule: the factor on `lr` at each improvement.
    weight_decay: strength of 0.5 * weight_decay * sum(W**2), and l1 of l1 * sum|W|, on weights with two or more
    dimensions only, so never on biases or normalisation. max_norm: gradients are scaled down to this length.
    accumulate: pieces a batch is cut into to save memory; the result is the gradient of the whole batch. every: steps
    between improvements. blind_loss: the loss of a model that ignores its input (ln K for softmax), for the
    examination of a fresh model. after: called after each update, for weights that are held within bounds.
    momentum: the momentum at each improvement, for an optimizer that has one; None leaves it as it is.
    factors: on the rate of single parameters, 1 for those not named: layers that know something already move less.
    """

    def __init__(
        self,
        name: str,
        loss: Callable[[Batch], Terms],
        parameters: Iterable[nn.Parameter],
        optimizer: OptimizerFactory,
        *,
        lr: float,
        schedule: Schedule = constant,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        max_norm: float = float("inf"),
        accumulate: int = 1,
        every: int = 1,
        blind_loss: float | None = None,
        after: Callable[[], None] = lambda: None,
        momentum: Schedule | None = None,
        factors: Mapping[nn.Parameter, float] = NO_FACTORS,
    ) -> None:
        self.name, self.loss, self.lr, self.schedule = name, loss, lr, schedule
        self._parameters = [p for p in parameters if p.requires_grad]
        if not self._parameters:
            raise ValueError(f"objective '{name}' was given no parameters to train; unfreeze some")
        self.weight_decay, self.max_norm, self.accumulate, self.every = weight_decay, max_norm, accumulate, every
        self.l1, self.blind_loss, self.after = l1, blind_loss, after
        self.optimizer = optimizer(_groups(self._parameters, weight_decay, factors), lr)
        self.momentum = momentum
        if momentum and not all(group.get("momentum") for group in self.optimizer.param_groups):
            raise ValueError(f"{type(self.optimizer).__name__} without momentum has none to change; take momentum")
        self.precision: Precision = FLOAT32
        self.improvements = 0

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Those that learn now: the ones it was given, without those that are at rest (`engine.rest`)."""
        return [p for p in self._parameters if p.requires_grad]

    def improve(self, batch: Batch) -> Report:
        """Take one descent step on `batch`."""
        lr = self.lr * self.schedule(self.improvements)
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group.get(FACTOR, 1.0)
            if self.momentum:
                group["momentum"] = self.momentum(self.improvements)
        self.optimizer.zero_grad()
        terms = self._accumulate_gradients(batch)
        norm = self._clip()
        measured = self.improvements % MEASURE_EVERY == 0
        before = [p.detach().clone() for p in self.parameters] if measured else []
        # A hook of the optimizer: who watches its updates sees weights held in bounds, not changed behind its back.
        with self.optimizer.register_step_post_hook(lambda *_: self.after()):
            self._step(batch, terms)
        self.improvements += 1
        ratio = _update_ratio(before, self.parameters) if measured else None
        return Report(self.name, sum_of(terms), terms, norm, lr, ratio)

    def penalty(self) -> Tensor:
        """The weight penalty that is really applied, 0.5 * weight_decay * sum(W**2) + l1 * sum|W|, as a scalar."""
        groups = self.optimizer.param_groups
        penalties = [0.5 * g["weight_decay"] * sum(p.detach().square().sum() for p in g["params"]) for g in groups]
        penalties += [self.l1 * p.detach().abs().sum() for p in self.parameters if p.ndim >= 2 and self.l1]
        return torch.stack([torch.as_tensor(p) for p in penalties]).sum()

    def state_dict(self) -> dict[str, Any]:
        """What the next improvement depends on besides the weights."""
        return {"optimizer": self.optimizer.state_dict(), "improvements": self.improvements}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.optimizer.load_state_dict(dict(state["optimizer"]))
        for values in self.optimizer.state.values():
            for name, value in values.items():
                if isinstance(value, Tensor) and value.ndim == 4:  # saved files know only one memory layout
                    values[name] = value.contiguous(memory_format=self.precision.memory_format)
        self.improvements = int(state["improvements"])

    def _accumulate_gradients(self, batch: Batch) -> dict[str, Tensor]:
        """Gradients of the mean over the whole batch; returns the detached terms of that mean."""
        total: dict[str, Tensor] = {}
        for piece, share in _pieces(batch, self.accumulate):
            with self.precision.autocast(self.parameters[0].device.type):
                terms = {name: term if share == 1 else term * share for name, term in self.loss(piece).items()}
            # Only our own parameters receive gradients: a generator's loss leaves its critic alone.
            sum_of(terms).backward(inputs=self.parameters)
            for name, term in terms.items():
                total[name] = total[name] + term.detach() if name in total else term.detach()
        for parameter in self.parameters if self.l1 else []:
            if parameter.ndim >= 2 and parameter.grad is not None:
                parameter.grad.add_(parameter.detach().sign(), alpha=self.l1)
        return total

    def _step(self, batch: Batch, terms: Terms) -> None:
        """Update the weights. A line search looks at the loss several times; the first look has been taken."""
        if not getattr(self.optimizer, "repeats", False):
            with subnormals_as_zero():
                self.optimizer.step()
            return
        first: list[Terms] = [terms]

        def look() -> Tensor:
            """The full loss and its gradient, penalties included, at the weights as they are."""
            if not first:
                self.optimizer.zero_grad()
            found = first.pop() if first else self._accumulate_gradients(batch)
            for group in self.optimizer.param_groups if self.weight_decay else []:
                for parameter in group["params"]:
                    if parameter.grad is not None and group["weight_decay"]:
                        parameter.grad.add_(parameter.detach(), alpha=group["weight_decay"])
            return sum_of(found) + self.penalty()

        self.optimizer.step(look)  # type: ignore[arg-type]  # torch means a float or a tensor of one

    def _clip(self) -> Tensor:
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if self.max_norm < float("inf"):
            nn.utils.clip_grads_with_norm_(self.parameters, self.max_norm, norm)
        return norm


class Memory:
    """The objective of a learner that only remembers: each batch is stored, nothing descends."""

    def __init__(self, remember: Callable[[Batch], None], name: str = "memory") -> None:
        self.remember, self.name, self.every = remember, name, 1
        self.parameters: list[nn.Parameter] = []
        self.precision: Precision = FLOAT32
        self.blind_loss: float | None = None

    def improve(self, batch: Batch) -> Report:
        self.remember(batch)
        return Report(self.name, torch.zeros(()))

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore: what was remembered is in the task's buffers."""


def sum_of(terms: Terms) -> Tensor:
    """The scalar that is minimised: the sum of the named terms."""
    found = list(terms.values())
    return found[0] if len(found) == 1 else torch.stack(found).sum()


def _groups(
    parameters: Sequence[nn.Parameter], weight_decay: float, factors: Mapping[nn.Parameter, float]
) -> list[dict[str, Any]]:
    """Parameters of one kind and one factor are a group; biases and normalisation scales are not decayed."""
    found: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for parameter in parameters:
        found.setdefault((parameter.ndim < 2, factors.get(parameter, 1.0)), []).append(parameter)
    return [
        {"params": alike, "weight_decay": 0.0 if free else weight_decay} | ({} if factor == 1 else {FACTOR: factor})
        for (free, factor), alike in sorted(found.items(), key=lambda item: (item[0][0], -item[0][1]))
    ]


def _pieces(batch: Batch, n: int) -> list[tuple[Batch, float]]:
    """The batch in at most n pieces, each with its share of the examples, so that unequal pieces still average."""
    if n == 1:
        return [(batch, 1.0)]
    size = len(batch[0])
    columns = [tensor.chunk(n) for tensor in batch]
    return [(tuple(piece), len(piece[0]) / size) for piece in zip(*columns, strict=True)]


@contextmanager
def subnormals_as_zero() -> Iterator[None]:
    """Inside, numbers below the smallest normal one are 0 on a CPU.

    What an optimizer remembers of weights that learn nothing any more, as behind a dead ReLU, fades into such numbers,
    with which CPUs calculate some ten times as slowly.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@torch.no_grad()
def _update_ratio(before: Sequence[Tensor], after: Sequence[Tensor]) -> Tensor:
    moved = nn.utils.get_total_norm([a - b for a, b in zip(after, before, strict=True)])
    return moved / nn.utils.get_total_norm(list(before)).clamp_min(1e-12)
