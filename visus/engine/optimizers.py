"""Update rules: factories (parameter groups, lr) -> torch optimizer. The groups carry their weight decay.

`update_rules` holds the same rules as the textbook writes them, and names what torch keeps in `optimizer.state`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from .kernel_muon import KernelMuon
from .objective import FACTOR, OptimizerFactory

HOLDS_LENGTH = "holds_length"  # in a parameter group: its updates turn weights and are large against them by design
QUICK = (0.85, 0.95)  # betas of Adam for runs of a few hundred steps
Groups = list[dict[str, Any]]


def sgd(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """Stochastic gradient descent: x -= lr * dx."""
    return torch.optim.SGD(groups, lr=lr, foreach=True)


def momentum(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """SGD with momentum 0.9: v = 0.9 v + dx; x -= lr v."""
    return torch.optim.SGD(groups, lr=lr, momentum=0.9, foreach=True)


def nesterov(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """SGD with Nesterov's momentum 0.9: the gradient is taken where the velocity leads."""
    return torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True, foreach=True)


def adagrad(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """Adagrad (Duchi et al., 2011): each weight's step shrinks with all the squared gradients it ever had."""
    return torch.optim.Adagrad(groups, lr=lr, eps=1e-7, foreach=True)


def rmsprop(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """RMSprop (Tieleman and Hinton, 2012): as Adagrad, but old gradients are forgotten, 1 % a step."""
    return torch.optim.RMSprop(groups, lr=lr, alpha=0.99, eps=1e-8, foreach=True)


def adam(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """Adam with betas 0.9 and 0.999 (Kingma and Ba, 2015); weight decay is part of the gradient."""
    return torch.optim.Adam(groups, lr=lr, fused=True)


def adamw(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019)."""
    return torch.optim.AdamW(groups, lr=lr, fused=True)


def muon(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """Muon for matrices, AdamW for everything else, with steps of AdamW's size, so that one rate suits both."""
    return MuonAndAdamW(groups, lr)


def kernel_muon(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """Muon for kernels whose length is held, for convolutional nets with batch norm; AdamW for everything else."""
    return KernelMuonAndAdamW(groups, lr)


def lbfgs(groups: Groups, lr: float) -> torch.optim.Optimizer:
    """L-BFGS with a line search: one iteration an update, the same batch each time, which must be the whole set."""
    return LBFGS(groups, lr)


@dataclass(frozen=True)
class Kind:
    """Parameters that follow a rule of their own: which, by which optimizer, at which factor on the rate.

    holds_length: the rule scales the weights to a length, so that nothing decays them.
    """

    claims: Callable[[Tensor], bool]
    make: Callable[[Groups], torch.optim.Optimizer]
    factor: float = 1.0
    holds_length: bool = False


class Composite(torch.optim.Optimizer):
    """Several of torch's optimizers as one: each parameter follows the first kind that claims it."""

    kinds: ClassVar[Mapping[str, Kind]]

    def __init__(self, groups: Groups, lr: float) -> None:
        super().__init__(groups, {"lr": lr, "weight_decay": 0.0})
        split: list[dict[str, Any]] = []
        for group in self.param_groups:
            left = group["params"]
            for name, kind in self.kinds.items():
                chosen, left = [p for p in left if kind.claims(p)], [p for p in left if not kind.claims(p)]
                rate = group.get(FACTOR, 1.0) * kind.factor
                held = {"weight_decay": 0.0, HOLDS_LENGTH: True} if kind.holds_length else {}
                split += [{**group, "params": chosen, "kind": name, FACTOR: rate, **held}] if chosen else []
        self.param_groups = split
        self._build()

    def _build(self) -> None:
        """One optimizer of torch's for each kind; they share our groups and our state."""
        self._parts = []
        for name, kind in self.kinds.items():
            groups = [group for group in self.param_groups if group["kind"] == name]
            if groups:
                part = kind.make([dict(group) for group in groups])
                for ours, theirs in zip(groups, part.param_groups, strict=True):
                    ours.update(theirs)
                part.param_groups, part.state = groups, self.state
                self._parts.append(part)

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for part in self._parts:
            # Without torch's wrapping: who listens to optimizers shall hear of one update, not of three.
            step = type(part).step
            getattr(step, "__wrapped__", step)(part)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # a copy, or a state that was loaded, has groups of its own
        self._build()


class MuonAndAdamW(Composite):
    """Muon (Jordan et al., 2024) turns a matrix's momentum into the nearest orthogonal one; the rest follows AdamW.

    Kernels of convolutions have four dimensions and follow AdamW too: torch's Muon takes matrices only.
    """

    kinds: ClassVar = {
        "muon": Kind(lambda p: p.ndim == 2, lambda groups: torch.optim.Muon(groups, adjust_lr_fn="match_rms_adamw")),
        "adamw": Kind(lambda p: True, lambda groups: torch.optim.AdamW(groups, foreach=True)),
    }


def _quick_adamw(groups: Groups) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, betas=QUICK, foreach=True)


class KernelMuonAndAdamW(Composite):
    """`KernelMuon` for the kernels of convolutions; biases and the last layer follow AdamW at a lower rate.

    The factors on the rate were found on validation pictures of CIFAR-10.
    """

    kinds: ClassVar = {
        "kernels": Kind(lambda p: p.ndim == 4, KernelMuon, holds_length=True),
        "matrices": Kind(lambda p: p.ndim >= 2, _quick_adamw, 0.01),
        "biases": Kind(lambda p: True, _quick_adamw, 0.05),
    }


class LBFGS(torch.optim.LBFGS):
    """torch's L-BFGS (Liu and Nocedal, 1989) for several parameter groups, with the strong Wolfe line search.

    The inverse Hessian is estimated from the last 20 steps and gradients, never stored: for a million parameters it
    would take 3,725 GiB. `step` needs a closure that computes loss and gradients anew. lr is the first guess of a
    step's length; 1 is Newton's.
    """

    repeats = True  # it looks at the loss several times an update
    HISTORY = 20

    def __init__(self, groups: Groups, lr: float) -> None:
        super().__init__(
            [p for group in groups for p in group["params"]],
            lr=lr,
            max_iter=1,
            max_eval=25,
            history_size=self.HISTORY,
            line_search_fn="strong_wolfe",
        )
        (common,) = self.param_groups
        self.param_groups = [{**common, **group} for group in groups]

    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Search along the next direction. closure: sets the gradients anew and returns the loss."""
        groups = self.param_groups
        together = [{**groups[0], "params": self._params}]  # torch's knows only one group

        def look() -> Tensor:
            self.param_groups = groups  # whoever computes the loss may ask them for their weight decay
            try:
                return closure()
            finally:
                self.param_groups = together

        self.param_groups = together
        try:
            return super().step(look)  # type: ignore[no-untyped-call]
        finally:
            self.param_groups = groups

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._params = [p for group in self.param_groups for p in group["params"]]
        self._numel_cache = None


NAMED: Mapping[str, OptimizerFactory] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "muon": muon,
    "kernel_muon": kernel_muon,
    "lbfgs": lbfgs,
}
