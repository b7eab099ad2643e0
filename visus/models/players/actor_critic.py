"""A policy, and a critic that says what is to be earned from here on (Sutton, 1984; Mnih et al., 2016)."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.distributions import Distribution

from ...geometry.spaces import Actions, Observed
from ._contract import Player
from ._drawing import orthogonal, value_head
from .actor import Actor, seeing


class ActorCritic(Actor):
    """An actor that also tells values. critic: a trunk of its own, or None: it shares the actor's."""

    def __init__(
        self, observed: Observed, actions: Actions, trunk: nn.Module, critic: nn.Module | None, **settings: Any
    ) -> None:
        super().__init__(observed, actions, trunk, **settings)
        self.judge = None if critic is None else orthogonal(critic)
        self.value_head = value_head(int(trunk.width))  # type: ignore[arg-type]  # a plain attribute

    @property
    def shared(self) -> bool:
        """Whether actor and critic see through one trunk, so that what one learns changes the other."""
        return self.judge is None

    def values(self, observations: Tensor) -> Tensor:
        return self._valued((self.judge or self.see)(self.clear(observations)))

    def look(self, observations: Tensor) -> tuple[Distribution, Tensor]:
        """The distribution of what is drawn, and values (B,); a shared trunk looks once."""
        clear = self.clear(observations)
        features = self.see(clear)
        others = features if self.judge is None else self.judge(clear)
        return self.head.distribution(self.head(features)), self._valued(others)

    def value_parameters(self) -> Iterator[nn.Parameter]:
        """Those of the critic alone."""
        if self.judge is not None:
            yield from self.judge.parameters()
        yield from self.value_head.parameters()

    def _valued(self, features: Tensor) -> Tensor:
        values: Tensor = self.value_head(features)
        return values.squeeze(1)


def build(
    observed: Observed,
    actions: Actions,
    trunk: str = "mlp",
    shared: bool = False,
    normalise: bool = False,
    squash: bool = False,
    spread: float = 1.0,
    **settings: Any,
) -> Player:
    """trunk: a file of models/trunks, which takes the further settings. shared: actor and critic see through one.
    normalise: observations by their running mean and deviation. squash, spread: of amounts, see `AmountHead`.
    """
    see = seeing(trunk, observed, settings)
    critic = None if shared else seeing(trunk, observed, settings)
    return ActorCritic(observed, actions, see, critic, normalise=normalise, squash=squash, spread=spread)
