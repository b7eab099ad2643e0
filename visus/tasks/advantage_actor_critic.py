"""A2C: for each short rollout one step, along log-probabilities weighed by advantages (Mnih et al., 2016).

Differs from the paper: its workers, which each wrote into the weights when they were ready, are worlds side by side
that wait for each other.
"""

from torch import Tensor

from ..losses.policy_gradient import reinforce_loss
from ._on_policy import Lesson
from ._rollouts import Rollouts


class AdvantageActorCritic(Rollouts):
    """What brought more than the critic expected becomes likelier. Each rollout is learned from once, as a whole."""

    def surrogate(self, log_probs: Tensor, lesson: Lesson) -> Tensor:
        return reinforce_loss(log_probs, lesson.advantages)
