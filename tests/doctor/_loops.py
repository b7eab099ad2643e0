"""One small training on scikit-learn's digits, watched by a doctor, and what can be planted into it.

`trained()` is healthy; each argument replaces one part of it. Every run is done once and shared by all tests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

import visus
from visus.doctor.chart import Chart
from visus.doctor.diagnosis import Diagnosis, diagnose

K, D, TRAIN, HELD_OUT = 10, 64, 600, 400
STEPS, BATCH, EVALUATIONS = 200, 32, 8


@dataclass(frozen=True)
class Trained:
    chart: Chart
    diagnosis: Diagnosis

    @property
    def kinds(self) -> list[str]:
        return [cause.kind for cause in self.diagnosis.causes]

    def __str__(self) -> str:
        """What a failed test shows."""
        said = self.diagnosis
        rows = [f"{said.outcome.state}: {'; '.join(said.outcome.reasons)}"]
        rows += [f"{mark} {f.weight:.2f} {f.kind}: {f.what}" for mark, found in
                 (("cause", said.causes), ("note", said.notes)) for f in found]  # fmt: skip
        scores = [e["score"] for e in self.chart.evaluations if e["score"] is not None]
        return "\n".join([*rows, f"scores {scores}", f"unexamined {said.unexamined}"])


# -- the parts of a healthy training ----------------------------------------------------------------------------------


@cache
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training and validation part: pictures (N, 64) with mean 0 and deviation 1, labels (N,)."""
    x, y = load_digits(return_X_y=True)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x, y = torch.as_tensor(x, dtype=torch.float32)[order], torch.as_tensor(y)[order]
    mean, std = x[:TRAIN].mean(), x[:TRAIN].std()
    x = (x - mean) / std
    held = slice(TRAIN, TRAIN + HELD_OUT)
    return x[:TRAIN], y[:TRAIN], x[held], y[held]


def mlp(*last: nn.Module, act: type[nn.Module] = nn.ReLU, dropout: float = 0.0, hidden: tuple[int, ...] = (64, 32)):
    """64 -> hidden layers -> 10 scores."""
    sizes, layers = (D, *hidden), []
    for a, b in zip(sizes, hidden):
        layers += [nn.Linear(a, b), act(), *([nn.Dropout(dropout)] if dropout else [])]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], K), *last)


def convnet(*last: nn.Module, norm: Callable[[int], nn.Module] = nn.BatchNorm2d) -> nn.Sequential:
    """Two convolutions with a normalisation each, on pictures (B, 64) seen as (B, 1, 8, 8)."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 8, 3, padding=1), norm(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1, stride=2), norm(16), nn.ReLU(),
        nn.Flatten(), nn.Linear(256, K), *last,
    )  # fmt: skip


def sgd(model: nn.Module, lr: float = 0.05, momentum: float = 0.9, **settings: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr, momentum, **settings)


def adam(model: nn.Module, lr: float = 2e-3, **settings: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr, **settings)


def improve(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def shuffled(labels: Tensor, dice: torch.Generator) -> Tensor:
    return torch.randperm(len(labels), generator=dice)


def constant(share: float) -> float:
    return 1.0


def as_it_is(x: Tensor, y: Tensor, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    return x, y


def itself(model: nn.Module) -> nn.Module:
    return model


def nothing(*_: Any) -> None:
    pass


# -- the training -----------------------------------------------------------------------------------------------------


@cache
def trained(
    *,
    data: Callable[[], tuple[Tensor, Tensor, Tensor, Tensor]] = digits,
    model: Callable[[], nn.Module] = mlp,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer] = sgd,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    improve: Callable[[nn.Module, torch.optim.Optimizer, Tensor, int], None] = improve,
    order: Callable[[Tensor, torch.Generator], Tensor] = shuffled,
    augment: Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]] = as_it_is,
    schedule: Callable[[float], float] = constant,
    each: Callable[[nn.Module, torch.optim.Optimizer, int], Any] = nothing,  # before every step
    mode: Callable[[nn.Module], Any] = nn.Module.train,
    validation_mode: Callable[[nn.Module], Any] = nn.Module.eval,
    validated: Callable[[nn.Module], nn.Module] = itself,
    batch: int = BATCH,
    steps: int = STEPS,
    evaluations: int = EVALUATIONS,
    planned: int | None = None,
    seed: int = 0,
) -> Trained:
    """Train, watched, and diagnose. `order` gives the rows of one epoch; `validated` the model that is scored."""
    torch.manual_seed(seed)
    dice = torch.Generator().manual_seed(seed)
    x, y, held_x, held_y = data()
    net = model()
    other = validated(net)
    rule = optimizer(net)
    rates = [group["lr"] for group in rule.param_groups]
    rows = torch.empty(0, dtype=torch.long)
    with visus.Doctor(net, rule, steps=planned or steps) as doctor:
        for step in range(steps):
            if len(rows) < batch:
                rows = order(y, dice)
            now, rows = rows[:batch], rows[batch:]
            for group, rate in zip(rule.param_groups, rates):
                group["lr"] = rate * schedule(step / steps)
            each(net, rule, step)
            mode(net)
            inputs, targets = augment(x[now], y[now], dice)
            outputs = net(inputs)
            value = loss(outputs, targets)
            improve(net, rule, value, step)
            doctor.step(value, inputs=inputs, targets=targets, outputs=outputs)
            if evaluations and (step + 1) % max(1, steps // evaluations) == 0:
                validation_mode(other)
                with torch.no_grad():
                    scores = other(held_x)
                    found = float(F.cross_entropy(scores, held_y)), float((scores.argmax(1) == held_y).float().mean())
                doctor.validate(*found)
    return Trained(doctor.chart, diagnose(doctor.chart))
