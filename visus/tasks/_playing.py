"""What tasks have in common that act: worlds in their state, episodes that are counted, and an evaluation by playing.

The batches of such a task are what its present player experiences; the loop knows of no worlds. What the next step
depends on besides weights, worlds above all, is `ongoing`, in the last checkpoint.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.task import Task, evaluating
from ..geometry.spaces import Actions, Observed

RECENT = 100  # finished episodes whose mean is told
ASKED_EVERY = 4  # steps of an evaluation between two at which the player says what it expects
UNSEEN = 0.05  # weight of what was not seen of an episode, of which the rest is held to be all


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


class Valued(NamedTuple):
    """What a player expected to earn from states it came to, and what it then earned, both discounted, float (N,)."""

    said: NDArray[np.float64]
    earned: NDArray[np.float64]


class Lessons(NamedTuple):
    """What values are taught by a batch, for who wants to check it; each (B,).

    rewards: what was earned on the way, discounted, nothing beyond it. targets: what the value is to become. ended: the
    world says that nothing lies beyond. cut: a time limit broke the episode off. advantages: by which actions are
    weighed; None where there is no policy.
    """

    rewards: Tensor
    targets: Tensor
    ended: Tensor
    cut: Tensor
    advantages: Tensor | None = None


class Playing(Task):
    """A task that acts.

    model: a player, the network that is shipped. worlds: where it learns. judged: where it is evaluated, on the same
    episodes each time. episodes: of an evaluation. drawn: evaluate by drawing actions as in training, not by the best
    ones. gamma: discount of a reward one step later. clipped: learn from the sign of each reward (Mnih et al., 2015,
    Methods); returns are told as the world gives them. facts: what the player was built from, ready for JSON. worth:
    what scores call the value of a state. valued: of states of the last evaluation, where the player values them.
    resumed_exactly: whether it goes on as if it had never been stopped; if not, `resumed_note` says why.
    """

    keeps_later = True  # a world that is solved gives the same return to many, and who played longer is steadier
    worth = "value"
    valued: Valued | None = None
    resumed_exactly = True

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
        # Kept, since to search for one at every step would take a tenth of the time.
        self._first: Sequence[Tensor] = list(model.parameters())[:1]
        self.env_steps = 0  # of all training worlds together
        self.recent: deque[Episode] = deque(maxlen=RECENT)
        self.finished = 0

    @property
    def player(self) -> Player:
        """The model, as what it offers."""
        return self.model  # type: ignore[return-value]

    @property
    def device(self) -> torch.device:
        return (self._first or list(self.model.buffers()))[0].device  # a table has no parameters

    def seen(self, observations: NDArray[Any]) -> Tensor:
        """Observations as a tensor on the task's device; it shares their memory on a CPU."""
        found, device = torch.from_numpy(observations), self.device
        return found if device.type == "cpu" else found.to(device)

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
        course = _Course(self.gamma)
        asks = hasattr(self.model, "values")
        with evaluating(self), self.precision.autocast(self.device.type):
            while any(len(mine) < share for mine in played):
                observations = self.seen(worlds.observations)
                if asks and len(course) % ASKED_EVERY == 0:
                    course.expect(self.model.values(observations))  # type: ignore[operator]  # models.players.Valuing
                found = worlds.step(self.player.act(observations, dice).cpu().numpy())
                course.follow(self.learned_rewards(found.rewards), found)
                over = iter(found.finished)
                for i in np.flatnonzero(found.over):
                    played[i].append(next(over))
        self.valued = course.valued()
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
            **self._worth(),
        }

    def _worth(self) -> dict[str, float]:
        """How much the player expected in the last evaluation, and by how much more than it earned."""
        if self.valued is None or not len(self.valued.said):
            return {}
        said, earned = self.valued
        return {f"{self.worth}_mean": float(said.mean()), f"{self.worth}_gap": float((said - earned).mean())}

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
        if not self.resumed_exactly:
            self.resumed_note = f"{self.worlds.name} did not come back to where it was; episodes began anew"
        self.env_steps, self.finished = int(state["env_steps"]), int(state["finished"])
        self.recent = deque((_Told(*episode) for episode in state["recent"]), maxlen=RECENT)


class _Course:
    """An evaluation step by step: what the player expected of states, and what came of them."""

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma
        self.said: list[NDArray[Any]] = []
        self.rewards: list[NDArray[Any]] = []
        self.ended: list[NDArray[np.bool_]] = []
        self.over: list[NDArray[np.bool_]] = []

    def __len__(self) -> int:
        return len(self.rewards)

    def expect(self, values: Tensor) -> None:
        self.said.append(values.double().cpu().numpy())

    def follow(self, rewards: NDArray[np.float32], found: Experience) -> None:
        self.rewards.append(rewards)
        self.ended.append(found.ended)
        self.over.append(found.over)

    def valued(self) -> Valued | None:
        """Of the states asked about after which nearly all was seen that counts; None if none was asked about."""
        if not self.said:
            return None
        follows = np.zeros(len(self.rewards[0]))
        unseen = np.ones_like(follows)  # discount of what lies beyond what was seen
        earned, blind = [], []
        for t in range(len(self) - 1, -1, -1):
            over, ended = self.over[t] | self.ended[t], self.ended[t]
            follows = self.rewards[t] + self.gamma * np.where(over, 0.0, follows)
            unseen = self.gamma * np.where(ended, 0.0, np.where(over, 1.0, unseen))
            if t % ASKED_EVERY == 0:
                earned.append(follows)
                blind.append(unseen)
        told = np.array(blind[::-1]) <= UNSEEN
        return Valued(np.array(self.said)[told], np.array(earned[::-1])[told])


class _Told(NamedTuple):
    """A finished episode, from a checkpoint."""

    total: float
    length: int
    cut: bool
