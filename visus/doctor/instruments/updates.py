"""What the optimizer is given and what it does: gradients, updates, who owns which parameter, who else moves weights.

It listens to every optimizer of the process and heeds those that own a parameter of the watched model, so that an
optimizer made anew in the middle of a run is seen too.
"""

import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle

from ..chart import Chart
from . import due
from .tensors import remove, rounded, some

SENTINEL = 64  # entries of one weight that are compared at every step
WITNESSES, WITNESS_ENTRIES = 3, 65_536  # parameters whose gradients are followed from backward to the optimizer
ROUNDING = 1e-4


class Updates:
    """Watches every update of a model's parameters. chart: where findings go. done: called after a measured update."""

    def __init__(
        self, model: nn.Module, optimizers: Sequence[Optimizer], chart: Chart, done: Callable[[dict[str, Any]], None]
    ) -> None:
        self.chart, self.done = chart, done
        self.names = {id(parameter): name for name, parameter in model.named_parameters()}
        self.tensors = dict(model.named_parameters())
        self.given = len(optimizers)
        self.updates = 0
        self.stepping = False  # an optimizer that holds our parameters is at work
        self._away = 0.0  # how far the weights had come before this attempt
        self.step = 0  # of the training, told by the owner
        self.suspect: Callable[[], None] = lambda: None  # called once when a gradient is not finite
        self._start = {name: some(p) for name, p in self.tensors.items()}
        self._before: dict[str, Tensor] = {}
        self._after: dict[str, Tensor] = {}
        self._sentinel: Tensor | None = None
        self._live: set[int] = set()
        self._sound = True
        owned = {id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]}
        small = [
            p
            for p in self.tensors.values()
            # Of what no optimizer holds, gradients pile up by right: nobody clears them.
            if p.requires_grad and p.numel() <= WITNESS_ENTRIES and p.is_leaf and id(p) in owned
        ]
        self._witnesses = small[-WITNESSES:]
        self._last = min(self._witnesses, key=lambda p: p.numel(), default=None)
        self._fresh: dict[int, Tensor] = {}
        self._left: dict[int, Tensor] = {}
        self._witness_handles: list[RemovableHandle] = []
        self._handles = [
            register_optimizer_step_pre_hook(_Listener(self, "_before_step")),
            register_optimizer_step_post_hook(_Listener(self, "_after_step")),
        ]
        # They are the process's hooks, not the model's: one that is forgotten must not stay.
        weakref.finalize(self, remove, self._handles)
        self._alive: dict[str, Tensor] = {}
        self._window = 0
        self._met: list[Optimizer] = []
        self._arm()

    def go_on(self, chart: Chart) -> None:
        """Count on from the chart of an earlier attempt at the same run: its updates were updates, too."""
        self.chart = chart
        self.updates = int(chart.counts.get("updates", 0))
        self._away = max((update["away"] for _, update in chart.having("update")), default=0.0)
        self._arm()

    def detach(self) -> None:
        remove(self._handles)
        self._disarm()

    def owners(self, optimizers: Sequence[Optimizer]) -> dict[str, Any]:
        """Facts: which parameters are trained by whom, and with which settings."""
        owned: dict[int, int] = {}
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                for p in group["params"]:
                    owned[id(p)] = owned.get(id(p), 0) + 1
        trainable = {name: p for name, p in self.tensors.items() if p.requires_grad}
        return {
            "missing": [name for name, p in trainable.items() if id(p) not in owned],
            "foreign": sum(1 for key in owned if key not in self.names),
            "owned": sum(1 for p in self.tensors.values() if id(p) in owned),
            "twice": [self.names[key] for key, n in owned.items() if n > 1 and key in self.names],
            "frozen": [name for name, p in self.tensors.items() if not p.requires_grad],
            "optimizers": [_described(optimizer) for optimizer in optimizers],
        }

    def heard(self, optimizer: Optimizer, moment: str) -> None:
        """An optimizer of this process is about to step, or has stepped."""
        try:
            if self._ours(optimizer):
                self.stepping = moment == "_before_step"
                getattr(self, moment)(optimizer)
        except Exception as error:  # the user's training goes on, whatever we stumble over
            self.chart.cannot("updates", f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")

    def _ours(self, optimizer: Optimizer) -> bool:
        """Whether an optimizer holds any of the model's parameters. One that was not there before is counted."""
        if any(optimizer is met for met in self._met):
            return True
        mine = any(id(p) in self.names for group in optimizer.param_groups for p in group["params"])
        if mine:
            self._met.append(optimizer)
            if len(self._met) > max(1, self.given):
                self.chart.count("new_optimizers")
                self._met.pop(0)
        return mine

    @torch.no_grad()
    def _before_step(self, optimizer: Optimizer) -> None:
        self._look_for_strangers()
        if self._last is not None and (not self._last.is_cuda or self.updates % 8 == 0):  # on a GPU looking waits
            self._check_finite()
        if not due(self.updates):
            return
        parameters = {self.names[id(p)]: p for g in optimizer.param_groups for p in g["params"] if id(p) in self.names}
        self._before = {name: some(p) for name, p in parameters.items()}
        gradients = {name: p.grad for name, p in parameters.items() if p.grad is not None}
        self._slopes = {name: some(gradient) for name, gradient in gradients.items() if not gradient.is_sparse}
        self._sparse = {name: some(gradient).norm() for name, gradient in gradients.items() if gradient.is_sparse}
        self._note_units(parameters)
        self._bookkeeping()

    @torch.no_grad()
    def _after_step(self, optimizer: Optimizer) -> None:
        measured = due(self.updates) and bool(self._before)
        if measured:
            self._measure(optimizer)
        self.updates += 1
        self.chart.counts["updates"] = self.updates
        first = next((p for p in self.tensors.values() if p.requires_grad), None)
        self._sentinel = None if first is None or first.is_cuda else some(first, SENTINEL)
        if due(self.updates):
            self._arm()

    def _measure(self, optimizer: Optimizer) -> None:
        names = list(self._before)
        after = {name: some(self.tensors[name]) for name in names}
        rows = []
        for name in names:
            before, now, slope = self._before[name], after[name], self._slopes.get(name)
            change = now - before
            share = self.tensors[name].numel() / max(1, before.numel())
            rows.append(
                torch.stack(
                    [
                        before.square().mean().sqrt(),
                        change.square().mean().sqrt(),
                        (slope.square().sum() * share).sqrt()
                        if slope is not None
                        else self._sparse.get(name, before.new_tensor(-1.0)),
                        (slope * change).sum() * share if slope is not None else before.new_tensor(0.0),
                        change.square().sum() * share,
                        (before - self._start[name]).square().mean().sqrt(),
                    ]
                ).to(torch.float64)
            )
        table = torch.stack(rows).tolist() if rows else []
        gradient = math.sqrt(sum(row[2] ** 2 for row in table if row[2] > 0))
        moved = math.sqrt(sum(row[4] for row in table))
        slope = sum(row[3] for row in table)
        weight = math.sqrt(
            sum(row[0] ** 2 * self.tensors[name].numel() for name, row in zip(names, table, strict=True))
        )
        away = math.sqrt(sum(row[5] ** 2 * self.tensors[name].numel() for name, row in zip(names, table, strict=True)))
        decay = self._decay(optimizer)
        self._before = {}
        self.done(
            {
                "step": self.step,
                "update": self.updates,
                "names": names,
                "weight_rms": [rounded(row[0]) for row in table],
                "update_rms": [rounded(row[1]) for row in table],
                "gradient_norms": [rounded(row[2]) for row in table],
                "gradient": rounded(gradient),
                "moved": rounded(moved),
                "weight": rounded(weight),
                "away": rounded(max(away / max(weight, 1e-12), self._away)),
                "ratio": rounded(moved / max(weight, 1e-12)),
                "slope": rounded(slope),
                "uphill": rounded(slope / max(gradient * moved, 1e-30)),
                "lr": [float(group["lr"]) for group in optimizer.param_groups if "lr" in group],
                "decay_share": rounded(decay),
            }
        )

    def _decay(self, optimizer: Optimizer) -> float:
        """Norm of the weight penalty's gradient over the norm of the data's gradient, over all decayed weights."""
        penalty = data = 0.0
        for group in optimizer.param_groups:
            strength = float(group.get("weight_decay") or 0.0)
            for p in group["params"]:
                name = self.names.get(id(p))
                if name in self._slopes and strength:
                    share = p.numel() / max(1, self._slopes[name].numel())
                    penalty += strength**2 * float(self._before[name].square().sum()) * share
                    data += float(self._slopes[name].square().sum()) * share
        return math.sqrt(penalty / data) if data > 0 else (math.inf if penalty else 0.0)

    def _look_for_strangers(self) -> None:
        """Did anything but an optimizer change weights since the last update?"""
        if self._sentinel is None:
            return
        first = next(p for p in self.tensors.values() if p.requires_grad)
        now = some(first, SENTINEL)
        self.chart.count("updates_watched")
        if now.shape == self._sentinel.shape and not torch.equal(now, self._sentinel):
            change = float((now - self._sentinel).norm() / self._sentinel.norm().clamp_min(1e-12))
            if math.isfinite(change):
                self.chart.count("overwritten")
                self.chart.counts["overwritten_by"] = max(self.chart.counts.get("overwritten_by", 0.0), rounded(change))

    def _check_finite(self) -> None:
        gradient = self._last.grad if self._last is not None else None
        if self._sound and gradient is not None and not gradient.is_sparse and not bool(torch.isfinite(gradient).all()):
            self._sound = False
            self.suspect()

    def _arm(self) -> None:
        """Follow the witnesses' gradients of the next update, from backward to the optimizer."""
        self._disarm()
        self._fresh = {}
        self._left = {
            id(p): p.grad.detach().clone() for p in self._witnesses if p.grad is not None and not p.grad.is_sparse
        }
        for p in self._witnesses:
            if p.requires_grad and not p.is_complex():
                self._witness_handles.append(p.register_hook(_Witness(id(p), self._fresh)))

    def _disarm(self) -> None:
        for handle in self._witness_handles:
            handle.remove()
        self._witness_handles = []

    def _bookkeeping(self) -> None:
        """Is what the optimizer gets what backward made since the last update, or that and what was left over?"""
        self._disarm()
        for p in self._witnesses:
            fresh = self._fresh.get(id(p))
            if fresh is None or not bool(torch.isfinite(fresh).all()):
                continue
            size = fresh.norm()
            if float(size) == 0:
                continue
            if p.grad is None or float(p.grad.norm()) == 0:
                self.chart.count("gradients_lost")
                return
            self.chart.count("gradients_followed")
            left = self._left.get(id(p))
            if not _aligned(p.grad, fresh) and left is not None and _aligned(p.grad, fresh + left):
                self.chart.count("gradients_left_over")
            elif _aligned(p.grad, fresh):
                factor = rounded(float(p.grad.norm() / size))
                self.chart.counts["gradient_scale"] = factor
                self.chart.counts["scaled_sum"] = self.chart.counts.get("scaled_sum", 0.0) + math.log(
                    max(factor, 1e-12)
                )
                self.chart.count("scaled")
                if factor < CLIPPED:
                    self.chart.count("clipped")
            elif not _shared_out():
                self.chart.count("gradients_changed")
            return

    def _note_units(self, parameters: dict[str, nn.Parameter]) -> None:
        """A unit lives if its row of weights gets any gradient at all during a window of measured updates."""
        for name, p in parameters.items():
            if p.ndim < 2 or p.grad is None or p.grad.is_sparse or p.is_complex() or len(p) < 2:
                continue
            alive = p.grad.detach().abs().flatten(1).amax(1) > 0
            self._alive[name] = self._alive[name] | alive if name in self._alive else alive
        self._window += 1
        if self._window >= WINDOW:
            self.close_window()

    def close_window(self) -> None:
        """Write down which units got no gradient in this window, and begin the next."""
        if self._window >= WINDOW // 2 and self._alive:
            dead = {name: [int((~alive).sum()), len(alive)] for name, alive in self._alive.items()}
            self.chart.units.append({"step": self.step, "updates": self._window, "dead": dead})
            self.chart.units = self.chart.units[-64:]
        self._alive, self._window = {}, 0


class _Listener:
    """A hook on all optimizers that does not keep its owner alive."""

    def __init__(self, owner: Updates, moment: str) -> None:
        self.owner, self.moment = weakref.ref(owner), moment

    def __call__(self, optimizer: Optimizer, *_: Any) -> None:
        owner = self.owner()
        if owner is not None:
            owner.heard(optimizer, self.moment)


CLIPPED = 0.99  # of a gradient's length; rounding takes less away
WINDOW = 8  # measured updates: a few hundred examples that a living unit would have answered to


class _Witness:
    """Sums what backward hands to one parameter. A class, so that a copy of the model shares nothing with us."""

    def __init__(self, key: int, sums: dict[int, Tensor]) -> None:
        self.key, self.sums = key, sums

    def __deepcopy__(self, memo: Any) -> "_Witness":
        return _Witness(self.key, {})

    def __call__(self, gradient: Tensor) -> None:
        if gradient.is_sparse:
            return
        gradient = gradient.detach()
        self.sums[self.key] = self.sums[self.key] + gradient if self.key in self.sums else gradient.clone()


def _shared_out() -> bool:
    """Whether gradients are averaged over processes: then each gets another than its own backward made."""
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def _aligned(a: Tensor, b: Tensor) -> bool:
    """Whether two gradients point the same way up to rounding, whatever their lengths."""
    a, b = a.detach().double().reshape(-1), b.double().reshape(-1)
    if a.shape != b.shape:
        return False
    size = float(a.norm() * b.norm())
    return size > 0 and float(a @ b) / size > 1 - ROUNDING


def _described(optimizer: Optimizer) -> dict[str, Any]:
    """Class and plain settings of an optimizer's first group, and how many groups there are."""
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in optimizer.param_groups[0].items()
        if isinstance(value, bool | int | float | tuple) and name != "params"
    }
    plain = {
        name: value
        for name, value in plain.items()
        if not isinstance(value, list) or all(isinstance(v, int | float) for v in value)
    }
    decays = [float(group.get("weight_decay") or 0.0) for group in optimizer.param_groups]
    return {
        "name": type(optimizer).__name__,
        "groups": len(optimizer.param_groups),
        **plain,
        "weight_decay": max(decays, default=0.0),
    }
