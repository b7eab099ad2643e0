"""A network that tells the value of each action, and takes the action of the highest (Mnih et al., 2015)."""

from typing import Any

import torch
from torch import Tensor, nn

from ...engine import catalogue
from ...geometry.spaces import Actions, Choices, Observed
from .. import trunks
from ._contract import Player


class Streams(nn.Module):
    """Duelling streams: features (B, D) -> action values (B, A), Q = V + A - mean A (Wang et al., 2016, equation 9).

    Differs from the paper: each stream has a hidden layer over the trunk's last, and no gradient is rescaled.
    """

    def __init__(self, width: int, n_actions: int) -> None:
        super().__init__()
        self.value = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
        self.advantage = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, n_actions))

    def forward(self, features: Tensor) -> Tensor:
        advantages = self.advantage(features)
        return self.value(features) + advantages - advantages.mean(1, keepdim=True)


class QNetwork(Player):
    """Observations (B, *shape) -> action values (B, A)."""

    def __init__(self, observed: Observed, actions: Choices, trunk: nn.Module, duelling: bool) -> None:
        super().__init__()
        self.observed, self.actions = observed, actions
        width = int(trunk.width)  # type: ignore[arg-type]  # a plain attribute of a trunk
        self.trunk = trunk
        self.head = Streams(width, actions.n) if duelling else nn.Linear(width, actions.n)

    def forward(self, observations: Tensor) -> Tensor:
        features = self.trunk(observations)
        if features.dtype != torch.bfloat16:
            return self.head(features)
        with torch.autocast(features.device.type, enabled=False):  # values differ in less than bfloat16 can tell
            return self.head(features.float())

    def action_values(self, observations: Tensor) -> Tensor:
        return self(observations)

    def values(self, observations: Tensor) -> Tensor:
        return self(observations).amax(1)

    def act(self, observations: Tensor, dice: torch.Generator | None = None) -> Tensor:
        """The action of the highest value: there is nothing to draw."""
        with torch.no_grad():
            return self(observations).argmax(1)


def build(
    observed: Observed,
    actions: Actions,
    trunk: str = "mlp",
    duelling: bool = False,
    **settings: Any,
) -> QNetwork:
    """trunk: a file of models/trunks, whose settings these are. duelling: tell a state's value and each action's
    advantage apart. Raises LookupError for an unknown trunk, and ValueError for actions that are amounts.
    """
    if not isinstance(actions, Choices):
        amounts = "a number" if actions.size == 1 else f"{actions.size} numbers"
        raise ValueError(
            f"a Q-network tells the value of each of a few actions, and here an action is {amounts}; "
            "`visus train ppo` draws such actions"
        )
    return QNetwork(observed, actions, catalogue.find(trunks, trunk).build(observed, **settings), duelling)
