"""What A2C and PPO share: rollouts, a fixed number of steps of every world, whose future is told by values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.objective import OptimizerFactory
from ..losses.returns import lambda_advantages
from ._on_policy import Lesson, OnPolicy
from ._playing import Worlds

Place = tuple[int, int, Tensor]  # a step, a world, and what was seen there at last


class Rollouts(OnPolicy):
    """A policy, and values that say how much more than expected an action brought.

    rollout: steps that each world is played. epoch: steps of the worlds between two evaluations. gae_lambda: see
    `lambda_advantages`. The further settings are those of `OnPolicy`.
    """

    def __init__(
        self,
        model: nn.Module,
        worlds: Worlds,
        judged: Worlds,
        optimizer: OptimizerFactory,
        *,
        rollout: int,
        epoch: int = 1000,
        gae_lambda: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(model, worlds, judged, optimizer, **settings)
        self.rollout, self.gae_lambda = rollout, gae_lambda
        self.steps_per_epoch = improvements_per_epoch(epoch, rollout * worlds.n, self.passes * self.parts)

    def act_and_see(self) -> Lesson:
        steps, n, observed = self.rollout, self.worlds.n, self.worlds.observed
        kind = {"float32": torch.float32, "uint8": torch.uint8}[observed.dtype]
        seen = torch.empty((steps + 1, n, *observed.shape), dtype=kind, device=self.device)
        rewards = np.empty((steps, n), np.float32)
        flags = np.empty((3, steps, n), bool)
        drawn, last = list[Tensor](), list[Place]()
        for t in range(steps):
            seen[t] = torch.from_numpy(self.worlds.observations)
            drawn.append(self.actor.draw(seen[t]))
            found = self.step(self.actor.bounded(drawn[-1]))
            rewards[t] = self.learned_rewards(found.rewards)
            flags[0, t], flags[1, t], flags[2, t] = found.ended, found.cut, found.over
            if found.cut.any():  # a new episode hides what is still worth something
                last += [(t, int(i), self.seen(found.reached[i])) for i in np.flatnonzero(found.cut)]
        seen[steps] = torch.from_numpy(self.worlds.observations)
        return self._told(seen, torch.stack(drawn), rewards, flags, last)

    def _told(
        self, seen: Tensor, drawn: Tensor, rewards: NDArray[np.float32], flags: NDArray[np.bool_], last: Sequence[Place]
    ) -> Lesson:
        """What is to be learned of actions (T, n) or (T, n, D), by the values of all that was seen (T + 1, n, ...)."""
        steps, n = drawn.shape[:2]
        # All at once, after the rollout, and not step by step: the same numbers for a fraction of the calls.
        said = self.asked(seen[:-1].flatten(0, 1), drawn.flatten(0, 1))
        log_probs, values = said[0].view(steps, n), said[1].view(steps, n)
        further = self.valued_now(torch.cat([seen[-1], *(observation[None] for _, _, observation in last)]))
        reached = torch.cat([values[1:], further[None, :n]])
        for (t, i, _), value in zip(last, further[n:], strict=True):
            reached[t, i] = value
        given = torch.from_numpy(rewards).to(values)
        ended, cut, over = torch.from_numpy(flags).to(values.device)
        found = lambda_advantages(given, values, reached, ended, over, self.gamma, self.gae_lambda)
        told = (log_probs, values, *found, given, ended, cut)
        return Lesson(seen[:-1].flatten(0, 1), drawn.flatten(0, 1), *(part.flatten() for part in told))


def improvements_per_epoch(epoch: int, steps: int, improvements: int) -> int:
    """Of whole rollouts that fit into an epoch, at least one. steps: of a rollout, of all worlds together."""
    return max(1, epoch // steps) * improvements
