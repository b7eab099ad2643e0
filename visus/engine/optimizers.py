"""Update rules: factories (parameter groups, lr) -> torch optimizer. The groups carry their weight decay."""

from collections.abc import Mapping
from typing import Any

import torch

from .objective import OptimizerFactory


def sgd(groups: list[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
    """Stochastic gradient descent: x -= lr * dx."""
    return torch.optim.SGD(groups, lr=lr, foreach=True)


def momentum(groups: list[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
    """SGD with momentum 0.9: v = 0.9 v + dx; x -= lr v."""
    return torch.optim.SGD(groups, lr=lr, momentum=0.9, foreach=True)


def nesterov(groups: list[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
    """SGD with Nesterov's momentum 0.9: the gradient is taken where the velocity leads."""
    return torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True, foreach=True)


def adam(groups: list[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
    """Adam with betas 0.9 and 0.999 (Kingma and Ba, 2015); weight decay is part of the gradient."""
    return torch.optim.Adam(groups, lr=lr, foreach=True)


def adamw(groups: list[dict[str, Any]], lr: float) -> torch.optim.Optimizer:
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019)."""
    return torch.optim.AdamW(groups, lr=lr, foreach=True)


NAMED: Mapping[str, OptimizerFactory] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adam": adam,
    "adamw": adamw,
}
