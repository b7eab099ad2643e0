"""Learn what each action is worth from a memory of steps, and act by it: deep Q-learning (Mnih et al., 2013, 2015).

A batch carries the values that its actions should have, which the target network told; the loss is a regression on
them. With double Q-learning (van Hasselt et al., 2016), steps drawn by their error (Schaul et al., 2016), and rewards
of several steps (Sutton, 1988), each for itself.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..losses.temporal_difference import q_targets, temporal_difference
from ._playing import Lessons, Playing, Worlds
from ._replay import Prioritised, Replay

ROWS, BYTES = 512, 2**23  # of lessons that are prepared together: with more, caches no longer hold them


def improvements(budget: int, n: int, warm_up: int, train_every: int, updates: int) -> int:
    """How many are made in at most `budget` steps of n worlds; those that one playing leads to at the least."""
    each = whole(train_every, n)
    first = max(whole(warm_up, n), each)
    return (1 + max(0, budget - first) // each) * updates


def whole(steps: int, n: int) -> int:
    """Steps of the world that are really played where so many are wanted: each of n worlds does as many."""
    return -(-steps // n) * n


class QLearn(Playing):
    """An action value network that acts, remembers, and learns from what it remembers.

    model: tells action values, and `act`s by the highest. memory: where the steps go. epsilon: chance of an action at
    random, a function of the steps of the world so far. batch: steps an improvement. warm_up: steps of the world that
    are played at random before anything is learned. train_every: steps of the world, of all copies together, between
    which `updates` improvements are made. target_every: steps of the world after which the network is copied into the
    target network; or else it follows by a share of `polyak` at each improvement (Lillicrap et al., 2016). double: the
    network chooses the action whose value the target network tells. delta: where the Huber loss becomes a line. beta:
    how much of the drawing by error is made up for, a function of the steps so far (Schaul et al., 2016, section 3.4).
    epoch: steps of the world between two evaluations. keep_memory: the memory is in the last checkpoint; else a resumed
    run fills it anew. descent: what an `Objective` takes by name.
    """

    worth = "q"

    def __init__(
        self,
        model: nn.Module,
        worlds: Worlds,
        judged: Worlds,
        memory: Replay,
        optimizer: OptimizerFactory,
        *,
        epsilon: Callable[[int], float],
        descent: Mapping[str, Any],
        batch: int = 32,
        warm_up: int = 1000,
        train_every: int = 4,
        updates: int = 1,
        target_every: int = 1000,
        polyak: float = 0.0,
        double: bool = False,
        delta: float = 1.0,
        beta: Callable[[int], float] = lambda step: 1.0,
        epoch: int = 1000,
        keep_memory: bool = True,
        **playing: Any,
    ) -> None:
        super().__init__(model, worlds, judged, **playing)
        self.target = copy.deepcopy(model).requires_grad_(False)
        self.memory, self.epsilon, self.beta = memory, epsilon, beta
        self.batch, self.warm_up, self.train_every, self.updates = batch, warm_up, train_every, updates
        self.target_every, self.polyak, self.doubled, self.delta = target_every, polyak, double, delta
        self.keep_memory = keep_memory
        size = worlds.observed.values * np.dtype(worlds.observed.dtype).itemsize
        self.at_once = max(1, min(ROWS, BYTES // size) // batch)  # improvements whose lessons are told together
        self.steps_per_epoch = max(1, round(epoch * updates / whole(train_every, worlds.n)))
        self.left = 0  # improvements before more is played
        self.ahead: list[Batch] = []  # lessons of those to come, as far as they can be told, the next one last
        self.errors: list[tuple[Tensor, Tensor]] = []  # slots of the last batch, and how far off their values were
        self.objectives = [
            Objective("q", self.misvaluation, model.parameters(), optimizer, after=self.follow, **descent)
        ]
        self._begin()

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Lessons: (observations, actions (B, 1), targets, weights, rewards, ended, cut, slots), B rows each."""
        while True:
            self._be_surprised()
            if self.left == 0:
                self.collect()
                self.left = self.updates
            if not self.ahead:
                self.prepare()
            self.left -= 1
            yield self.ahead.pop()

    def collect(self) -> None:
        """Play until the next improvements are due."""
        begun = self.env_steps
        until = max(begun + self.train_every, self.warm_up)
        if not self.memory.lessons and begun >= self.warm_up:  # resumed without its memory
            until = begun + max(self.train_every, self.warm_up)
        with torch.no_grad(), self.precision.autocast(self.device.type):
            while self.env_steps < until or not self.memory.lessons:
                actions = self.choose()
                found = self.step(actions)
                self.memory.add(actions.numpy(), self.learned_rewards(found.rewards), found)
        if not self.polyak and self.env_steps // self.target_every > begun // self.target_every:
            self.synchronise()

    def choose(self) -> Tensor:
        """An action in each world, int64 (n,) on the CPU: the best one, or with chance epsilon any."""
        n = self.worlds.n
        anything = torch.rand(n) < (1.0 if self.env_steps < self.warm_up else self.epsilon(self.env_steps))
        actions = torch.randint(self.n_actions, (n,))
        if anything.all():
            return actions
        best = self.player.act(self.seen(self.worlds.observations)).cpu()
        return torch.where(anything, actions, best)

    def prepare(self) -> None:
        """Draw steps from the memory, and tell what their values should be.

        While no network changes that tells, nor the chance to be drawn, this can be done for many improvements at once.
        """
        fixed = not (self.doubled or self.polyak or isinstance(self.memory, Prioritised))
        slots = self.memory.draw(self.batch * (min(self.left, self.at_once) if fixed else 1))
        steps = self.memory.read(slots)
        rewards, discounts, reached = self.seen(steps.rewards), self.seen(steps.discounts), self.seen(steps.reached)
        with torch.no_grad(), self.precision.autocast(self.device.type):
            choosing = self.model(reached).float() if self.doubled else None
            targets = q_targets(rewards, discounts, self.target(reached).float(), choosing)
        columns = (
            self.seen(steps.observations),
            self.seen(steps.actions)[:, None],
            targets,
            self._weights(slots),
            rewards,
            self.seen(steps.ended),
            self.seen(steps.cut),
            torch.from_numpy(slots),
        )
        self.ahead = list(zip(*(column.split(self.batch) for column in columns), strict=True))[::-1]

    def misvaluation(self, batch: Batch) -> Terms:
        """How far the values of the actions that were done are from what they should be."""
        observations, actions, targets, weights, *_, slots = batch
        values = self.model(observations).gather(1, actions).squeeze(1)
        values = values.to(torch.promote_types(values.dtype, torch.float32))
        targets = targets.to(values)
        if not isinstance(self.memory, Prioritised):
            return {"temporal_difference": temporal_difference(values, targets, self.delta)}
        if torch.is_grad_enabled():
            self.errors.append((slots, (targets - values).detach()))
        return {"temporal_difference": temporal_difference(values, targets, self.delta, weights)}

    def lessons(self, batch: Batch) -> Lessons:
        """What a batch teaches."""
        _, _, targets, _, rewards, ended, cut, _ = batch
        return Lessons(rewards, targets, ended, cut)

    @torch.no_grad()
    def synchronise(self) -> None:
        """Copy the network into the target network."""
        for theirs, ours in zip(self.target.state_dict().values(), self.model.state_dict().values(), strict=True):
            theirs.copy_(ours)

    @torch.no_grad()
    def follow(self) -> None:
        """Move the target network towards the network by the share `polyak`."""
        if self.polyak:
            torch._foreach_lerp_(list(self.target.parameters()), list(self.model.parameters()), self.polyak)

    def evaluate(self) -> dict[str, float]:
        return super().evaluate() | {
            "epsilon": self.epsilon(self.env_steps),
            "memory": float(len(self.memory)),
        }

    def ongoing(self) -> dict[str, Any]:
        return super().ongoing() | {
            "left": self.left,
            "ahead": [torch.cat(column) for column in zip(*self.ahead, strict=True)],
            "errors": list(self.errors),
            "memory": self.memory.state() if self.keep_memory else None,
        }

    def go_on(self, state: Mapping[str, Any]) -> None:
        super().go_on(state)
        self.errors = [(slots, errors) for slots, errors in state["errors"]]
        self.left = int(state["left"])
        columns = [column.to(self.device) for column in state["ahead"]]
        self.ahead = list(zip(*(column.split(self.batch) for column in columns), strict=True))
        if state["memory"] is not None:
            self.memory.restore(state["memory"])
            if self.resumed_exactly:
                return
        else:
            self.left, self.ahead, self.errors, self.resumed_exactly = 0, [], [], False
            self.resumed_note = (
                "the memory was not in the checkpoint (keep_memory=no) and is filled before more is learned"
            )
        self._begin()

    def _begin(self) -> None:
        """What is seen now begins an episode."""
        for world, observation in enumerate(self.worlds.observations):
            self.memory.begin(world, observation)

    def _be_surprised(self) -> None:
        """Tell the memory how far off the values of the last batch were."""
        if isinstance(self.memory, Prioritised):
            for slots, errors in self.errors:
                self.memory.surprise(slots.numpy(), errors.float().cpu().numpy())
        self.errors.clear()

    def _weights(self, slots: np.ndarray) -> Tensor:
        if isinstance(self.memory, Prioritised):
            return self.seen(self.memory.weights(slots, self.beta(self.env_steps)))
        return torch.ones(len(slots), device=self.device)

    @property
    def n_actions(self) -> int:
        return self.worlds.actions.n  # type: ignore[union-attr]  # a Q-network takes nothing else
