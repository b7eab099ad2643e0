"""Heads that draw actions from features: one of several, or a vector of amounts.

What is drawn is not yet what the world is handed: an amount from a normal distribution has no bounds, and is brought
within them by `bounded`. Probabilities are those of what was drawn; the bounds are part of the world.
"""

import math
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent, Normal

from ...geometry.spaces import Actions, Amounts, Choices

CALM = 0.01  # gain of a head's first weights: all actions begin as likely (Andrychowicz et al., 2021, section 3.2)


class Head(Protocol):
    """Scores (B, A) come from features; what follows is read from scores."""

    def __call__(self, features: Tensor) -> Tensor: ...
    def distribution(self, scores: Tensor) -> Distribution: ...
    def draw(self, scores: Tensor, dice: torch.Generator | None = None) -> Tensor: ...
    def best(self, scores: Tensor) -> Tensor: ...
    def bounded(self, drawn: Tensor) -> Tensor: ...


class Likelihoods(Categorical):
    """The categorical distribution of scores (B, A), by one kernel each way: a fifth of an actor's improvement less."""

    def __init__(self, scores: Tensor) -> None:
        self.logits = self._param = scores.log_softmax(1)
        self._num_events = scores.shape[1]
        Distribution.__init__(self, scores.shape[:1], validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        return self.logits.gather(1, value[:, None]).squeeze(1)

    def entropy(self) -> Tensor:
        return -(self.logits.exp() * self.logits).sum(1)


class ChoiceHead(nn.Linear):
    """Features (B, D) -> log-odds of each of n actions (B, n)."""

    def __init__(self, width: int, actions: Choices) -> None:
        super().__init__(width, actions.n)
        _begin(self, CALM)

    def distribution(self, scores: Tensor) -> Distribution:
        return Likelihoods(_wide(scores))

    def draw(self, scores: Tensor, dice: torch.Generator | None = None) -> Tensor:
        """int64 (B,): the first of n clocks to ring, which is quicker than to look up a sum of probabilities."""
        chances = _wide(scores).softmax(1)
        return (chances / torch.empty_like(chances).exponential_(generator=dice)).argmax(1)

    def best(self, scores: Tensor) -> Tensor:
        return scores.argmax(1)

    def bounded(self, drawn: Tensor) -> Tensor:
        return drawn


class AmountHead(nn.Module):
    """Features (B, D) -> the mean of a normal distribution of D amounts; its deviation is learned, the same everywhere.

    Means are in units in which -1 and 1 are the bounds of an action, where it has some. squash: bring what was drawn
    within them by tanh; else it is cut off. spread: the first deviation, in these units.
    """

    reach: Tensor
    middle: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, width: int, actions: Amounts, squash: bool = False, spread: float = 1.0) -> None:
        super().__init__()
        if spread <= 0:
            raise ValueError(f"spread is the deviation of the first actions, above 0; got {spread:g}")
        low, high = torch.from_numpy(actions.low), torch.from_numpy(actions.high)
        bound = low.isfinite() & high.isfinite()
        if squash and not bound.all():
            raise ValueError(
                "squash=yes brings actions within bounds, and this world has none for some; leave squash out"
            )
        self.squash = squash
        self.register_buffer("reach", torch.where(bound, (high - low) / 2, 1.0), persistent=False)
        self.register_buffer("middle", torch.where(bound, (high + low) / 2, 0.0), persistent=False)
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)
        self.mean = nn.Linear(width, actions.size)
        self.log_spread = nn.Parameter(torch.full((actions.size,), math.log(spread)))
        _begin(self.mean, CALM)

    def forward(self, features: Tensor) -> Tensor:
        means: Tensor = self.mean(features)
        return means

    def distribution(self, scores: Tensor) -> Distribution:
        means = _wide(scores)
        spread = self.log_spread.exp().expand_as(means)
        return Independent(Normal(means, spread, validate_args=False), 1, validate_args=False)

    def draw(self, scores: Tensor, dice: torch.Generator | None = None) -> Tensor:
        means = _wide(scores)
        noise = torch.empty_like(means).normal_(generator=dice)
        return torch.addcmul(means, noise, self.log_spread.exp())

    def best(self, scores: Tensor) -> Tensor:
        return _wide(scores)

    def bounded(self, drawn: Tensor) -> Tensor:
        """Within the world's bounds, float32 (B, D)."""
        inside = drawn.tanh() if self.squash else drawn
        return (self.middle + self.reach * inside).clamp(self.low, self.high).float()


def head(width: int, actions: Actions, squash: bool, spread: float) -> "ChoiceHead | AmountHead":
    """What draws such actions."""
    if isinstance(actions, Choices):
        return ChoiceHead(width, actions)
    return AmountHead(width, actions, squash, spread)


def orthogonal(trunk: nn.Module) -> nn.Module:
    """The trunk with orthogonal weights, which keep lengths, times sqrt(2) for what a rectifier takes away.

    Source: Andrychowicz et al., 2021, What Matters for On-Policy Deep Actor-Critic Methods, section 3.2.
    """
    for layer in trunk.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            _begin(layer, math.sqrt(2))
    return trunk


def value_head(width: int) -> nn.Linear:
    """Features (B, D) -> (B, 1)."""
    found = nn.Linear(width, 1)
    _begin(found, 1.0)
    return found


def _begin(layer: nn.Linear | nn.Conv2d, gain: float) -> None:
    nn.init.orthogonal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _wide(scores: Tensor) -> Tensor:
    """At least float32: probabilities of half precision do not add up; float64 stays, for the gradient check."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
