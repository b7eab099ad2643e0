"""A table: one number for each state and action, for worlds whose states can be counted."""

import torch
from torch import Tensor

from ...geometry.decisions import greedy
from ...geometry.spaces import Actions, Choices, Observed
from ._contract import Player


class Table(Player):
    """States as vectors of zeros with a one (B, S) -> what is earned after each action, discounted (B, A).

    q: float64 (S, A), a buffer: what changes it is no gradient. initial: where every value begins; more than can be
    earned makes a greedy player try everything (Sutton and Barto, 2018, section 2.6).
    """

    q: Tensor

    def __init__(self, observed: Observed, actions: Choices, initial: float = 0.0) -> None:
        super().__init__()
        self.observed, self.actions = observed, actions
        self.register_buffer("q", torch.full((observed.states, actions.n), initial, dtype=torch.float64))

    def act(self, observations: Tensor, dice: torch.Generator | None = None) -> Tensor:
        """The best action of each state, the first of equals; a table draws nothing."""
        return greedy(self.action_values(observations))

    def values(self, observations: Tensor) -> Tensor:
        return self.action_values(observations).amax(1)

    def action_values(self, observations: Tensor) -> Tensor:
        return self.q[observations.argmax(1)]


def build(observed: Observed, actions: Actions, initial: float = 0.0) -> Table:
    """Raises ValueError for states or actions that cannot be counted."""
    if not observed.states:
        raise ValueError(
            f"a table needs states that can be counted, but this world shows {observed.dtype} {observed.shape}; take "
            "dqn or ppo, which have networks"
        )
    if not isinstance(actions, Choices):
        raise ValueError(
            f"a table needs actions that can be counted, but this world takes {actions.size} amounts; take ppo"
        )
    return Table(observed, actions, initial)
