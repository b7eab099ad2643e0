"""A policy: a network that says how likely each action should be, and draws one (Williams, 1992)."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ...engine import catalogue
from ...geometry.spaces import Actions, Observed
from ...layers.running_norm import RunningNorm
from .. import trunks
from ._contract import Player
from ._drawing import head, orthogonal


class Actor(Player):
    """Observations (B, *shape) -> scores (B, A): log-odds of actions, or the means of amounts.

    What is drawn from the scores, `draw`, is what probabilities are told of; `bounded` makes it an action of the world.
    """

    def __init__(
        self, observed: Observed, actions: Actions, trunk: nn.Module, *, normalise: bool, squash: bool, spread: float
    ) -> None:
        super().__init__()
        if normalise and observed.dtype == "uint8":
            raise ValueError("the brightness of pictures is known, and their trunk scales it; leave normalise out")
        self.observed, self.actions = observed, actions
        self.normalise = RunningNorm(observed.shape) if normalise else None
        self.see = orthogonal(trunk)
        self.head = head(int(trunk.width), actions, squash, spread)  # type: ignore[arg-type]  # a plain attribute

    def forward(self, observations: Tensor) -> Tensor:
        scores: Tensor = self.head(self.see(self.clear(observations)))
        return scores

    def act(self, observations: Tensor, dice: torch.Generator | None = None) -> Tensor:
        scores = self(observations)
        return self.bounded(self.head.best(scores) if dice is None else self.head.draw(scores, dice))

    def draw(self, observations: Tensor) -> Tensor:
        """What was drawn at each observation, by torch's generator: int64 (B,) or float (B, D), not bounded."""
        return self.head.draw(self(observations))

    def bounded(self, drawn: Tensor) -> Tensor:
        """The actions for what was drawn."""
        return self.head.bounded(drawn)

    def distribution(self, observations: Tensor) -> Distribution:
        """Of what is drawn."""
        return self.head.distribution(self(observations))

    def clear(self, observations: Tensor) -> Tensor:
        """Observations as the trunk is to see them."""
        return observations if self.normalise is None else self.normalise(observations)

    def get_used_to(self, observations: Tensor) -> None:
        """Take in observations (N, *shape), where they are normalised by what was seen so far."""
        if self.normalise is not None:
            self.normalise.take_in(observations)

    def policy_parameters(self) -> Iterator[nn.Parameter]:
        yield from self.see.parameters()
        yield from self.head.parameters()


def seeing(trunk: str, observed: Observed, settings: dict[str, Any]) -> nn.Module:
    """The trunk of that name. Raises LookupError for a name that is none, ValueError for settings it does not take."""
    found: nn.Module = catalogue.find(trunks, trunk).build(observed, **settings)
    return found


def build(
    observed: Observed,
    actions: Actions,
    trunk: str = "mlp",
    normalise: bool = False,
    squash: bool = False,
    spread: float = 1.0,
    **settings: Any,
) -> Player:
    """trunk: a file of models/trunks, which takes the further settings. normalise: observations by their running mean
    and deviation. squash, spread: of amounts, see `AmountHead`.
    """
    see = seeing(trunk, observed, settings)
    return Actor(observed, actions, see, normalise=normalise, squash=squash, spread=spread)
