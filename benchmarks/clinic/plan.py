"""A plan: everything that a training script says, one field per decision. A fault is a change of a few fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, Optimizer


@dataclass(frozen=True)
class Examples:
    """pictures: (N, C, H, W) uint8 (float once prepared by a fault); labels: (N,) int64."""

    pictures: Tensor
    labels: Tensor


@dataclass
class Run:
    """A training under way, as the hooks of a plan see it. memory: what a hook wants to keep."""

    plan: Plan
    model: nn.Module
    optimizer: Optimizer
    steps: int
    generator: Generator
    step: int = 0
    epoch: int = 0
    memory: dict[str, Any] = field(default_factory=dict)


# -- the usual choice of each decision ---------------------------------------------------------------------------------


def as_they_are(examples: Examples, generator: Generator) -> Examples:
    return examples


def unchanged(pictures: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    return pictures, labels


def shuffled(labels: Tensor, generator: Generator) -> Tensor:
    return torch.randperm(len(labels), generator=generator)


def nothing(it: Any) -> None:
    """No change."""


def same(model: nn.Module) -> nn.Module:
    return model


def training_mode(model: nn.Module) -> None:
    model.train()


def evaluation_mode(model: nn.Module) -> None:
    model.eval()


def cross_entropy(logits: Tensor, targets: Tensor, plan: Plan) -> Tensor:
    """logits: (B, K); targets: (B,) classes or (B, K) shares. Returns the mean over the batch."""
    return F.cross_entropy(logits, targets, label_smoothing=plan.smoothing)


def all_parameters(model: nn.Module, plan: Plan) -> Iterable[Any]:
    return [p for p in model.parameters() if p.requires_grad]


def sgd(parameters: Iterable[Any], plan: Plan) -> Optimizer:
    return SGD(parameters, lr=plan.lr, momentum=plan.momentum, weight_decay=plan.weight_decay)


def adam(parameters: Iterable[Any], plan: Plan) -> Optimizer:
    return torch.optim.Adam(parameters, lr=plan.lr, betas=plan.betas, eps=plan.eps, weight_decay=plan.weight_decay)


def adamw(parameters: Iterable[Any], plan: Plan) -> Optimizer:
    return torch.optim.AdamW(parameters, lr=plan.lr, betas=plan.betas, eps=plan.eps, weight_decay=plan.weight_decay)


def cosine(share: float) -> float:
    """Factor of the learning rate after this share of the run: from 1 down to 0."""
    return (1 + math.cos(math.pi * min(share, 1.0))) / 2


def steady(share: float) -> float:
    return 1.0


def the_model(run: Run) -> nn.Module:
    return run.model


def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """One training step as a textbook writes it. Returns the loss and the outputs."""
    if run.step % run.plan.accumulate == 0:
        run.optimizer.zero_grad()
    outputs = run.model(inputs)
    loss = run.plan.loss(outputs, targets, run.plan)
    (loss / run.plan.accumulate).backward()
    if (run.step + 1) % run.plan.accumulate == 0:
        if run.plan.clip:
            nn.utils.clip_grad_norm_(run.model.parameters(), run.plan.clip)
        run.optimizer.step()
    return loss, outputs


@dataclass(frozen=True)
class Plan:
    """What one training script says.

    data, classes, n_*: what it learns from. `prepare` turns bytes into the network's inputs; `prepare_validation` does
    so for validation, test and use (None: like `prepare`). `training_set` and `validation_set` are what the script
    does to examples and labels when it reads them. `limit`: share of the planned steps after which it stops.
    """

    recipe: str
    data: str
    build: Callable[[Plan], nn.Module]
    prepare: Callable[[Tensor], Tensor]
    classes: tuple[int, ...] = tuple(range(10))
    n_train: int = 3000
    n_validation: int = 500
    n_test: int = 1500
    # settings
    batch: int = 32
    epochs: int = 8
    lr: float = 0.05
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 1e-4
    warmup: float = 0.0  # share of the run
    schedule: Callable[[float], float] = cosine
    clip: float = 0.0  # largest norm of the gradient; 0 for no clipping
    smoothing: float = 0.0
    accumulate: int = 1
    dropout: float = 0.0
    evaluations: int = 8
    limit: float = 1.0
    # data
    training_set: Callable[[Examples, Generator], Examples] = as_they_are
    validation_set: Callable[[Examples, Generator], Examples] = as_they_are
    prepare_validation: Callable[[Tensor], Tensor] | None = None
    order: Callable[[Tensor, Generator], Tensor] = shuffled
    augment: Callable[[Tensor, Tensor, Generator], tuple[Tensor, Tensor]] = unchanged
    # model
    activation: Callable[[], nn.Module] = nn.ReLU
    width: int = 64
    depth: int = 2
    norm_momentum: float = 0.1
    rows_first: bool = False  # recurrent: the first axis is taken for time
    carries_state: bool = False  # recurrent: a batch starts where the last one ended
    pretrained: Callable[[nn.Module], None] = nothing
    start: Callable[[nn.Module], None] = nothing  # initialisation after PyTorch's own
    wire: Callable[[nn.Module], nn.Module] = same
    final: Callable[[], nn.Module] | None = None  # after the scores
    freeze: Callable[[nn.Module], None] = nothing
    # loss, optimizer, loop
    loss: Callable[[Tensor, Tensor, Plan], Tensor] = cross_entropy
    owned: Callable[[nn.Module, Plan], Iterable[Any]] = all_parameters
    optimizer: Callable[[Iterable[Any], Plan], Optimizer] = sgd
    improve: Callable[[Run, Tensor, Tensor], tuple[Tensor, Tensor]] = improve
    after_step: Callable[[Run], None] = nothing
    after_epoch: Callable[[Run], None] = nothing
    mode: Callable[[nn.Module], None] = training_mode
    validation_mode: Callable[[nn.Module], None] = evaluation_mode
    validated: Callable[[Run], nn.Module] = the_model


SETTINGS = frozenset(
    {
        *("batch", "epochs", "lr", "momentum", "betas", "eps", "weight_decay", "warmup", "schedule", "clip"),
        *("smoothing", "accumulate", "dropout", "limit"),
    }
)
