"""PPO: many steps on one rollout, as long as what was drawn stays about as likely as it was (Schulman et al., 2017)."""

from typing import Any

from torch import Tensor

from ..engine.schedules import Schedule, constant
from ..losses.policy_gradient import clipped_loss, kl_estimate
from ._on_policy import Lesson
from ._rollouts import Rollouts

TOLERATED = 1.5  # times the divergence that is aimed at; beyond it a rollout is left


class PPO(Rollouts):
    """Several passes over each rollout, in parts, by the clipped surrogate.

    clip: how far the probability of an action may move, as a share; multiplied by `clip_course` of the improvements.
    target_kl: a rollout is left when the policy has moved further than 1.5 of this, in nats; 0: never. The improvements
    that are left over are spent on further rollouts, so that more is played than `epochs` says. Further settings are
    those of `Rollouts`.
    """

    def __init__(
        self, *what: Any, clip: float = 0.2, clip_course: Schedule = constant, target_kl: float = 0.0, **how: Any
    ) -> None:
        super().__init__(*what, **how)
        self.clip, self.clip_course, self.target_kl = clip, clip_course, target_kl

    def surrogate(self, log_probs: Tensor, lesson: Lesson) -> Tensor:
        return clipped_loss(log_probs, lesson.log_probs, lesson.advantages, self._clip(self.objectives[0].improvements))

    def enough(self) -> bool:
        if not self.target_kl or self.lesson is None:
            return False
        now = self.asked(self.lesson.observations, self.lesson.drawn)[0]
        return float(kl_estimate(now, self.lesson.log_probs)) > TOLERATED * self.target_kl

    def strayed(self, log_ratios: Tensor) -> dict[str, float]:
        """The share of steps whose probability has left the clip that learning from the rollout began with."""
        clip = self._clip(self.objectives[0].improvements - self.position)
        return {"clip_fraction": float((log_ratios.exp() - 1).abs().gt(clip).float().mean())}

    def _clip(self, improvements: int) -> float:
        return self.clip * self.clip_course(improvements)
