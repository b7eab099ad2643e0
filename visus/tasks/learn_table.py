"""LearnTable: Q-learning, SARSA and expected SARSA, a table that learns from every single step.

The one difference is what is thought to follow: the best action, the action that is really taken, or the mean over
those that could be.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.objective import Batch, Memory
from ..engine.schedules import Schedule, constant
from ..geometry.decisions import Tables
from ._exactly import Exactly
from ._playing import Playing, Worlds
from ._values_drawn import Ground, pictures

Floats = NDArray[np.float64]
Follows = Callable[[Floats, int, float], float]  # (action values (A,), the next action, epsilon) -> what follows


def best(q: Floats, action: int, epsilon: float) -> float:
    """What the best action is worth (Watkins, 1989)."""
    return float(q.max())


def taken(q: Floats, action: int, epsilon: float) -> float:
    """What the action is worth that is taken next (Rummery and Niranjan, 1994)."""
    return float(q[action])


def mean(q: Floats, action: int, epsilon: float) -> float:
    """What is to be expected of a player that takes the best action, or with chance epsilon any (van Seijen, 2009)."""
    top = q.max()
    return float((1 - epsilon) * top + epsilon * q.mean())


class Method(NamedTuple):
    """follows: what is thought to follow a step. commits: the next action is chosen before the update, and taken."""

    follows: Follows
    commits: bool = False


Name = Literal["q_learning", "sarsa", "expected_sarsa"]
METHODS: Mapping[Name, Method] = {
    "q_learning": Method(best),
    "sarsa": Method(taken, commits=True),
    "expected_sarsa": Method(mean),
}


class LearnTable(Playing):
    """One batch is one step in each world; one improvement moves q(s, a) towards r + gamma * what follows.

    model: a player with a buffer `q` (S, A), a table. method: one of METHODS. lr: share of the way, by `schedule` of
    the improvements. epsilon: chance of an action at random, a function of the steps played so far. tables: the rules,
    where they are known, only to tell how far the values are from the best ones.
    """

    worth = "q"
    keeps_last = True  # the last evaluation says more by its table than the best one by its luck

    def __init__(
        self,
        model: nn.Module,
        worlds: Worlds,
        judged: Worlds,
        *,
        method: Method,
        lr: float,
        epsilon: Callable[[int], float],
        schedule: Schedule = constant,
        epoch: int = 1000,
        tables: Tables | None = None,
        ground: Ground | None = None,
        **playing: Any,
    ) -> None:
        super().__init__(model, worlds, judged, **playing)
        self.method, self.lr, self.schedule, self.epsilon = method, lr, schedule, epsilon
        self.tables, self.ground = tables, ground
        self.exactly = Exactly(tables, self.gamma) if tables else None
        self.steps_per_epoch = max(1, epoch // worlds.n)
        self.next_actions: NDArray[np.int64] | None = None
        self.objectives = [Memory(self.improve)]

    @property
    def q(self) -> Floats:
        """The table (S, A), in the memory of the model."""
        found: Floats = self.model.q.numpy()  # type: ignore[operator]
        return found

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """(states, actions, rewards, states reached, whether those are ends, actions thought to follow), each (n,)."""
        while True:
            states = self.worlds.observations.argmax(1)
            actions = self.choose(states) if self.next_actions is None else self.next_actions
            found = self.step(torch.from_numpy(actions))
            reached, follow = found.reached.argmax(1), actions
            if self.method.commits:
                follow = self.choose(reached)
                begun = self.choose(found.observations.argmax(1)) if found.over.any() else follow
                self.next_actions = np.where(found.over, begun, follow)
            rewards = self.learned_rewards(found.rewards)
            yield tuple(map(torch.from_numpy, (states, actions, rewards, reached, found.ended, follow)))

    def choose(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """An action at each state (n,): any with chance epsilon, else one of the best, drawn among equals."""
        q = self.q[states]
        drawn = 1 - torch.rand(len(states), 1 + q.shape[1]).numpy()  # above 0, so that a candidate wins
        anything = drawn[:, :1] <= self.epsilon(self.env_steps)
        candidates = anything | (q == q.max(1, keepdims=True))
        return (candidates * drawn[:, 1:]).argmax(1)

    def improve(self, batch: Batch) -> None:
        """One world after the other: two that did the same teach as one that did it twice."""
        q, epsilon = self.q, self.epsilon(self.env_steps)
        lr = self.lr * self.schedule(self.env_steps // self.worlds.n - 1)
        for state, action, reward, reached, ended, follow in zip(*(part.tolist() for part in batch), strict=True):
            beyond = 0.0 if ended else self.method.follows(q[reached], follow, epsilon)
            q[state, action] += lr * (reward + self.gamma * beyond - q[state, action])

    def evaluate(self) -> dict[str, float]:
        q: Tensor = self.model.q  # type: ignore[assignment]
        scores = super().evaluate() | {"epsilon": self.epsilon(self.env_steps)}
        return scores | (self.exactly.scores(q) if self.exactly else {})

    def pictured(self) -> dict[str, Tensor]:
        return pictures(self.model.q, self.ground)  # type: ignore[arg-type]

    def ongoing(self) -> dict[str, Any]:
        committed = None if self.next_actions is None else self.next_actions.tolist()
        return super().ongoing() | {"next_actions": committed}

    def go_on(self, state: Mapping[str, Any]) -> None:
        super().go_on(state)
        committed = state["next_actions"]
        self.next_actions = None if committed is None or not self.resumed_exactly else np.array(committed)
