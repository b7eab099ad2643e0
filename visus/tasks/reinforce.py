"""REINFORCE: whole episodes, and each action becomes likelier by what was earned (Williams, 1992).

What it is weighed by differs: all that the episode earned, or only what came after the action; as it is, or less a
baseline. Each has the same expected gradient and less variance than the one before. The factor gamma^t that a gradient
of the discounted return has at step t is left out, as is usual: it would let late steps teach nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.objective import OptimizerFactory
from ..losses.policy_gradient import reinforce_loss
from ..losses.returns import reward_to_go
from ._on_policy import Lesson, OnPolicy
from ._playing import Experience, Worlds

Baseline = Literal["none", "mean", "value"]
BASELINES: Mapping[str, Callable[[Tensor, Tensor], Tensor | float]] = {  # (weights, values) -> what is taken off
    "none": lambda weights, values: 0.0,
    "mean": lambda weights, values: weights.mean(),
    "value": lambda weights, values: values,
}


class Steps(NamedTuple):
    """An episode, or its beginning: observations (T, ...), drawn (T,) or (T, D), rewards and ended (T,)."""

    observations: NDArray[Any]
    drawn: NDArray[Any]
    rewards: NDArray[np.float32]
    ended: NDArray[np.bool_]


class Finished(NamedTuple):
    """steps: of a whole episode. reached: what was seen at last. cut: by a time limit."""

    steps: Steps
    reached: NDArray[Any]
    cut: bool


class Reinforce(OnPolicy):
    """Each batch is the episodes that were finished since the last one.

    steps: of all worlds together, between two improvements, on average: an episode is finished first, and what it took
    longer is taken off the next. It should be longer than an episode. Of several worlds an episode may have been begun
    by the player before the last improvement; one world at a time keeps to the method. togo: weigh an action by what
    was earned after it, not by the whole return. baseline: what is taken off; "value" needs a player that values, and
    lets its value stand for what a time limit cut off. critic_steps: improvements of the critic on each batch; the
    actor has one. epoch: steps between two evaluations. The further settings are those of `OnPolicy`.
    """

    def __init__(
        self,
        model: nn.Module,
        worlds: Worlds,
        judged: Worlds,
        optimizer: OptimizerFactory,
        *,
        steps: int,
        togo: bool = True,
        baseline: Baseline = "value",
        critic_steps: int = 1,
        epoch: int = 1000,
        **settings: Any,
    ) -> None:
        super().__init__(model, worlds, judged, optimizer, passes=critic_steps, critic_steps=critic_steps, **settings)
        if baseline == "value" and not self.judges:
            raise ValueError(
                "baseline=value needs a player that tells values; take an actor_critic, or another baseline"
            )
        self.per_batch, self.togo, self.baseline = steps, togo, BASELINES[baseline]
        self.steps_per_epoch = max(1, epoch // steps) * critic_steps
        self.begun: list[list[tuple[Any, ...]]] = [[] for _ in range(worlds.n)]  # what is played of each episode
        self.due = 0  # steps that are to be played before the next improvement

    def surrogate(self, log_probs: Tensor, lesson: Lesson) -> Tensor:
        return reinforce_loss(log_probs, lesson.advantages)

    def act_and_see(self) -> Lesson:
        self.due += self.per_batch
        done, over = list[Finished](), False
        while self.env_steps < self.due or not over:  # of one world no episode is left half played
            observations = self.worlds.observations
            drawn = self.actor.draw(self.seen(observations))
            found = self.step(self.actor.bounded(drawn))
            rewards = self.learned_rewards(found.rewards)
            for i, step in enumerate(zip(observations, drawn.cpu().numpy(), rewards, found.ended, strict=True)):
                self.begun[i].append(step)
            over = bool(found.over.any())
            done += self._ended(found)
        return self._told(done)

    def ongoing(self) -> dict[str, Any]:
        begun = [[torch.from_numpy(part) for part in _joined(mine)] if mine else None for mine in self.begun]
        return super().ongoing() | {"begun": begun, "due": self.due}

    def go_on(self, state: Mapping[str, Any]) -> None:
        super().go_on(state)
        self.due = int(state["due"])
        self.begun = [
            list(zip(*(part.numpy() for part in mine), strict=True)) if mine else [] for mine in state["begun"]
        ]
        if not self.resumed_exactly:  # those episodes began anew
            self.begun = [[] for _ in self.begun]

    def _ended(self, found: Experience) -> list[Finished]:
        done = []
        for i in np.flatnonzero(found.over):
            done.append(Finished(_joined(self.begun[i]), found.reached[i], bool(found.cut[i])))
            self.begun[i] = []
        return done

    def _told(self, done: list[Finished]) -> Lesson:
        joined = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*(one.steps for one in done), strict=True))
        observations, drawn, rewards, ended = (part.to(self.device) for part in joined)
        last = torch.tensor([len(one.steps.rewards) for one in done], device=self.device).cumsum(0) - 1
        cut = torch.zeros_like(ended)
        cut[last] = torch.tensor([one.cut for one in done], device=self.device)
        log_probs, values, _ = self.asked(observations, drawn)
        beyond = torch.zeros_like(values)
        if self.judges:
            reached = self.seen(np.stack([one.reached for one in done]))
            beyond[last] = torch.where(cut[last], self.valued_now(reached), 0)
        broken = ended.clone()
        broken[last] = True
        returns = reward_to_go(rewards.to(values), broken, self.gamma, beyond)
        weights = returns if self.togo else _of_the_start(returns, broken)
        advantages = weights - self.baseline(weights, values)
        return Lesson(observations, drawn, log_probs, values, advantages, returns, rewards, ended, cut)


def _joined(steps: list[tuple[Any, ...]]) -> Steps:
    return Steps(*(np.stack(part) for part in zip(*steps, strict=True)))


def _of_the_start(returns: Tensor, broken: Tensor) -> Tensor:
    """At each step the return (N,) of its episode's first one."""
    episode = broken.cumsum(0) - broken.long()  # number of the episode that a step belongs to
    first = torch.cat([broken.new_ones(1), broken[:-1]]).nonzero().squeeze(1)
    return returns[first][episode]
