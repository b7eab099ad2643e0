"""What every player offers: a network, or a table, that chooses actions."""

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ...geometry.spaces import Actions, Observed


class Player(nn.Module, ABC):
    """Chooses actions. A file of the folder has `build(observed, actions, **settings) -> Player`.

    observations: float32 or uint8 (B, *observed.shape), as the world shows them; what must be scaled is scaled within.
    """

    observed: Observed
    actions: Actions

    @abstractmethod
    def act(self, observations: Tensor, dice: torch.Generator | None = None) -> Tensor:
        """An action for each observation: int64 (B,) for `Choices`, float32 (B, D) within bounds for `Amounts`.

        dice: draws from the player's distribution, where it has one; None: the action it holds best.
        """


@runtime_checkable
class Valuing(Protocol):
    """A player that says what it expects to earn from here on, discounted."""

    def values(self, observations: Tensor) -> Tensor:
        """Float (B,)."""
        ...


@runtime_checkable
class ActionValuing(Protocol):
    """A player that says what it expects to earn from here on after each action, discounted."""

    def action_values(self, observations: Tensor) -> Tensor:
        """Float (B, A)."""
        ...


@runtime_checkable
class Drawing(Protocol):
    """A player that draws its actions."""

    def distribution(self, observations: Tensor) -> torch.distributions.Distribution:
        """Of the action at each observation: `log_prob(actions)` and `entropy()` are (B,)."""
        ...
