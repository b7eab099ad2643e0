"""Many members of a population descend at once, each with a learning rate and a weight decay of its own.

Parameters are stacks (P, ...) whose slice p belongs to member p. The rules are those of `optimizers`, written for rates
(P, 1) in place of one number: a member takes the path it would take alone. A member whose loss stops being finite is
frozen at weights of 0 and takes no further part; its neighbours do not notice.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .objective import Batch, Report
from .precision import FLOAT32, Precision
from .schedules import Schedule, constant

BLOCK = 2**17  # numbers updated at a time: a rule passes over them several times, and so they stay in the cache
LOOK_EVERY = 10  # improvements between two looks for losses that have left their beginnings far above
# those of `optimizers`
MOMENTUM, BETA1, BETA2, EPS = 0.9, 0.9, 0.999, 1e-8
ADAGRAD_EPS, KEPT = 1e-7, 0.99

State = dict[str, Tensor]  # rows (P, n) a name, in the rule's own words; empty at first
# (weights, gradients, state, rates, weight decays, count of this update from 1): changes weights and state in place
Rule = Callable[[Tensor, Tensor, State, Tensor, Tensor, int], None]


def sgd(w: Tensor, dw: Tensor, state: State, lr: Tensor, decay: Tensor, t: int) -> None:
    """x -= lr * dx."""
    w.addcmul_(dw.addcmul_(w, decay), lr, value=-1)


def momentum(w: Tensor, dw: Tensor, state: State, lr: Tensor, decay: Tensor, t: int) -> None:
    """v = 0.9 v + dx; x -= lr v."""
    v = state["velocity"].mul_(MOMENTUM).add_(dw.addcmul_(w, decay))
    w.addcmul_(v, lr, value=-1)


def nesterov(w: Tensor, dw: Tensor, state: State, lr: Tensor, decay: Tensor, t: int) -> None:
    """v = 0.9 v + dx; x -= lr (dx + 0.9 v)."""
    v = state["velocity"].mul_(MOMENTUM).add_(dw.addcmul_(w, decay))
    w.addcmul_(dw.add_(v, alpha=MOMENTUM), lr, value=-1)


def adagrad(w: Tensor, dw: Tensor, state: State, lr: Tensor, decay: Tensor, t: int) -> None:
    """cache += dx**2; x -= lr dx / (sqrt(cache) + 1e-7)."""
    cache = state["cache"].addcmul_(dw.addcmul_(w, decay), dw)
    w.addcmul_(dw / cache.sqrt().add_(ADAGRAD_EPS), lr, value=-1)


def rmsprop(w: Tensor, dw: Tensor, state: State, lr: Tensor, decay: Tensor, t: int) -> None:
    """cache = 0.99 cache + 0.01 dx**2; x -= lr dx / (sqrt(cache) + 1e-8)."""
    cache = state["cache"].mul_(KEPT).addcmul_(dw.addcmul_(w, decay), dw, value=1 - KEPT)
    w.addcmul_(dw / cache.sqrt().add_(EPS), lr, value=-1)


def adam(w: Tensor, dw: Tensor, state: State, lr: Tensor, decay: Tensor, t: int) -> None:
    """Running means of dx and of its square, both corrected for their start at 0: x -= lr m / (sqrt(s) + 1e-8)."""
    dw.addcmul_(w, decay)
    m = state["first"].lerp_(dw, 1 - BETA1)
    s = state["second"].mul_(BETA2).addcmul_(dw, dw, value=1 - BETA2)
    size = s.sqrt().div_((1 - BETA2**t) ** 0.5).add_(EPS)
    w.addcmul_(m / size, lr, value=-1 / (1 - BETA1**t))


def adamw(w: Tensor, dw: Tensor, state: State, lr: Tensor, decay: Tensor, t: int) -> None:
    """Adam; apart from it, weights shrink by lr * decay of themselves."""
    w.mul_(1 - lr * decay)
    adam(w, dw, state, lr, torch.zeros_like(decay), t)


RULES: Mapping[str, tuple[Rule, Sequence[str]]] = {  # and the names of what each remembers
    "sgd": (sgd, ()),
    "momentum": (momentum, ("velocity",)),
    "nesterov": (nesterov, ("velocity",)),
    "adagrad": (adagrad, ("cache",)),
    "rmsprop": (rmsprop, ("cache",)),
    "adam": (adam, ("first", "second")),
    "adamw": (adamw, ("first", "second")),
}


class Members:
    """An objective whose loss has one value a member, and which improves all members at once.

    loss: called with a batch, returns (P,). parameters: stacks (P, ...), among them `decayed`, to which weight decay
    applies. rule: a name of RULES. lrs, weight_decays: (P,). max_norm: each member's gradient is scaled down to this
    length. explodes: a member diverges too when its loss is so many times its first one.
    """

    def __init__(
        self,
        name: str,
        loss: Callable[[Batch], Tensor],
        parameters: Sequence[nn.Parameter],
        decayed: Sequence[nn.Parameter],
        rule: str,
        *,
        lrs: Tensor,
        weight_decays: Tensor,
        schedule: Schedule = constant,
        max_norm: float = float("inf"),
        explodes: float = float("inf"),
        blind_loss: float | None = None,
    ) -> None:
        if rule not in RULES:
            raise ValueError(f"members can descend by {', '.join(RULES)}; got '{rule}'")
        self.name, self.loss, self.schedule, self.blind_loss, self.every = name, loss, schedule, blind_loss, 1
        self.parameters = list(parameters)
        self.rule, remembers = RULES[rule]
        self.lrs, self.max_norm, self.explodes = lrs.float(), max_norm, explodes
        ours = {id(parameter) for parameter in decayed}
        self.decays = [weight_decays.float() * (id(parameter) in ours) for parameter in self.parameters]
        self.state = [{word: torch.zeros_like(p.detach()) for word in remembers} for p in self.parameters]
        self.diverged_at = torch.full((len(lrs),), -1)  # the improvement of each member's end, -1 of those that live
        self.first = torch.full((len(lrs),), float("nan"))
        self.precision: Precision = FLOAT32
        self.improvements = 0

    @property
    def alive(self) -> Tensor:
        """Which members still learn: (P,) true or false."""
        return self.diverged_at < 0

    def improve(self, batch: Batch) -> Report:
        """Take one descent step with every living member."""
        factor = self.schedule(self.improvements)
        with self.precision.autocast(self.parameters[0].device.type):
            losses = self.loss(batch)
        gradients = torch.autograd.grad(losses.sum(), self.parameters)
        losses = losses.detach()
        self._bury(losses.cpu())
        if not self.alive.all():
            dead = (~self.alive).to(losses.device)
            for gradient in gradients:
                gradient[dead] = 0.0
        norms = self._clip(gradients)
        self.improvements += 1
        self._update(gradients, factor)
        living = self.alive.to(losses.device)
        loss = losses[living].mean() if living.any() else losses.new_full((), float("nan"))
        highest = float(self.lrs[self.alive].max()) if self.alive.any() else 0.0
        return Report(self.name, loss, {self.name: loss}, norms.max(), factor * highest)

    def state_dict(self) -> dict[str, Any]:
        """What the next improvement depends on besides the weights."""
        rows = {f"{number}.{word}": row for number, state in enumerate(self.state) for word, row in state.items()}
        return {"rows": rows, "diverged_at": self.diverged_at, "first": self.first, "improvements": self.improvements}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for number, mine in enumerate(self.state):
            for word, row in mine.items():
                row.copy_(state["rows"][f"{number}.{word}"])
        self.diverged_at, self.first = state["diverged_at"].clone(), state["first"].clone()
        self.improvements = int(state["improvements"])

    @torch.no_grad()
    def _bury(self, losses: Tensor) -> None:
        """Freeze members whose loss is not finite, or has exploded. losses: (P,)."""
        if self.improvements == 0:
            self.first = losses.clone()
        gone = ~losses.isfinite()
        if self.improvements % LOOK_EVERY == 0:
            gone |= losses > self.explodes * self.first
        gone &= self.alive
        if gone.any():
            self.diverged_at[gone] = self.improvements
            for parameter, state in zip(self.parameters, self.state, strict=True):
                for stack in (parameter, *state.values()):
                    stack[gone.to(stack.device)] = 0.0  # numbers that stay finite whatever comes

    def _clip(self, gradients: Sequence[Tensor]) -> Tensor:
        """Scale each member's gradient to at most max_norm; returns the lengths (P,) before that."""
        if self.max_norm == float("inf"):
            return gradients[0].new_zeros(len(self.lrs))
        norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
        shares = (self.max_norm / (norms + 1e-6)).clamp_max(1.0)  # as torch.nn.utils.clip_grad_norm_
        for gradient in gradients:
            gradient.mul_(shares.view(-1, *[1] * (gradient.ndim - 1)))
        return norms

    @torch.no_grad()
    def _update(self, gradients: Sequence[Tensor], factor: float) -> None:
        for weights, gradient, state, decay in zip(self.parameters, gradients, self.state, self.decays, strict=True):
            device = weights.device
            rows = [t.view(len(t), -1) for t in (weights.detach(), gradient.contiguous(), *state.values())]
            rates = (factor * self.lrs).to(device)[:, None], decay.to(device)[:, None]
            block = max(1, BLOCK // rows[0].shape[1]) if device.type == "cpu" else len(rows[0])
            for first in range(0, len(rows[0]), block):
                w, dw, *kept, lr, wd = (t[first : first + block] for t in (*rows, *rates))
                self.rule(w, dw, dict(zip(state, kept, strict=True)), lr, wd, self.improvements)
