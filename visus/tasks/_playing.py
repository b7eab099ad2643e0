"""What tasks have in common that act: worlds in their state, episodes that are counted, and an evaluation by playing.

The batches of such a task are what its present player experiences; the loop knows of no worlds. What the next step
depends on besides weights, worlds above all, is `ongoing`, in the last checkpoint.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.task import Task, evaluating
from ..geometry.spaces import Actions, Observed

RECENT = 100  # finished episodes whose mean is told


class Episode(Protocol):
    """A finished episode: see worlds."""

    @property
    def total(self) -> float: ...
    @property
    def length(self) -> int: ...
    @property
    def cut(self) -> bool: ...


class Experience(Protocol):
    """What one action in each of n worlds brought about: see worlds."""

    @property
    def observations(self) -> NDArray[Any]: ...
    @property
    def reached(self) -> NDArray[Any]: ...
    @property
    def rewards(self) -> NDArray[np.float32]: ...
    @property
    def ended(self) -> NDArray[np.bool_]: ...
    @property
    def cut(self) -> NDArray[np.bool_]: ...
    @property
    def over(self) -> NDArray[np.bool_]: ...
    @property
    def finished(self) -> Iterable[Episode]: ...


class Worlds(Protocol):
    """n worlds side by side: see worlds."""

    name: str
    n: int
    observed: Observed
    actions: Actions
    limit: int
    observations: NDArray[Any]

    def step(self, actions: NDArray[Any]) -> Experience: ...
    def restart(self) -> None: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: Mapping[str, Any], seen: NDArray[Any] | None = None) -> bool: ...
    def close(self) -> None: ...


class Player(Protocol):
    """What chooses actions: see models.players."""

    def act(self, observations: Tensor, dice: torch.Generator | None = None) -> Tensor: ...


class Played(NamedTuple):
    """Episodes that were played to be looked at. totals: without discount, float (N,). lengths: int (N,)."""

    totals: NDArray[np.float64]
    lengths: NDArray[np.int64]


class Playing(Task):
    """A task that acts.

    model: a player, the network that is shipped. worlds: where it learns. judged: where it is evaluated, on the same
    episodes each time. episodes: of an evaluation. drawn: evaluate by drawing actions as in training, not by the best
    ones. gamma: discount of a reward one step later. clipped: learn from the sign of each reward (Mnih et al., 2015,
    Methods); returns are told as the world gives them. facts: what the player was built from, ready for JSON.
    """

    def __init__(
        self,
        model: nn.Module,
        worlds: Worlds,
        judged: Worlds,
        *,
        gamma: float = 0.99,
        episodes: int = 10,
        drawn: bool = False,
        clipped: bool = False,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.model, self.worlds, self.judged = model, worlds, judged
        self.gamma, self.episodes, self.drawn, self.clipped = gamma, episodes, drawn, clipped
        self.facts = dict(facts or {})
        self.env_steps = 0  # of all training worlds together
        self.recent: deque[Episode] = deque(maxlen=RECENT)
        self.finished = 0

    @property
    def player(self) -> Player:
        """The model, as what it offers."""
        return self.model  # type: ignore[return-value]

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def seen(self, observations: NDArray[Any]) -> Tensor:
        """Observations as a tensor on the task's device; it shares their memory on a CPU."""
        return torch.from_numpy(observations).to(self.device)

    def step(self, actions: Tensor) -> Experience:
        """Act in the training worlds, and count."""
        found = self.worlds.step(actions.cpu().numpy())
        self.env_steps += self.worlds.n
        for episode in found.finished:
            self.recent.append(episode)
            self.finished += 1
        return found

    def learned_rewards(self, rewards: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is learned from rewards of the world."""
        return np.sign(rewards) if self.clipped else rewards

    def play(self, worlds: Worlds, episodes: int, dice: torch.Generator | None = None) -> Played:
        """Whole episodes, from the first of each world on, which gives the same episodes each time.

        Of n worlds each plays its share, so that short episodes are not counted more often than long ones.
        """
        worlds.restart()
        share = -(-episodes // worlds.n)
        played: list[list[Episode]] = [[] for _ in range(worlds.n)]
        with evaluating(self), self.precision.autocast(self.device.type):
            while any(len(mine) < share for mine in played):
                found = worlds.step(self.player.act(self.seen(worlds.observations), dice).cpu().numpy())
                over = iter(found.finished)
                for i in np.flatnonzero(found.over):
                    played[i].append(next(over))
        kept = [episode for mine in played for episode in mine[:share]][:episodes]
        return Played(np.array([e.total for e in kept]), np.array([e.length for e in kept]))

    def evaluate(self) -> dict[str, float]:
        dice = torch.Generator(self.device).manual_seed(0) if self.drawn else None
        played = self.play(self.judged, self.episodes, dice)
        recent = [episode.total for episode in self.recent]
        return {
            "validation_return": float(played.totals.mean()),
            "validation_return_spread": float(played.totals.std()),
            "validation_length": float(played.lengths.mean()),
            **({"train_return": float(np.mean(recent))} if recent else {}),
            "env_steps": float(self.env_steps),
        }

    def ongoing(self) -> dict[str, Any]:
        return {
            "worlds": self.worlds.state(),
            "seen": torch.from_numpy(self.worlds.observations),
            "env_steps": self.env_steps,
            "finished": self.finished,
            "recent": [[episode.total, episode.length, episode.cut] for episode in self.recent],
        }

    def go_on(self, state: Mapping[str, Any]) -> None:
        self.resumed_exactly = self.worlds.restore(state["worlds"], state["seen"].numpy())
        self.env_steps, self.finished = int(state["env_steps"]), int(state["finished"])
        self.recent = deque((_Told(*episode) for episode in state["recent"]), maxlen=RECENT)


class _Told(NamedTuple):
    """A finished episode, from a checkpoint."""

    total: float
    length: int
    cut: bool
