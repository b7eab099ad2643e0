"""How far values are from what one step more of experience says they are: the losses and targets of Q-learning."""

import math

from torch import Tensor
from torch.nn import functional as F


def q_targets(rewards: Tensor, discounts: Tensor, follow: Tensor, choosing: Tensor | None = None) -> Tensor:
    """y = r + discount * max_a Q(s', a), (B,).

    rewards: (B,), of the steps up to s'. discounts: (B,), gamma per step, and 0 where nothing lies beyond. follow: the
    target network's action values at s' (B, A). choosing: those of the network that learns; it then chooses the action
    and the target network only tells what it is worth, so that no value is believed because it is too high.
    Source: Mnih et al., 2015, algorithm 1; with `choosing` van Hasselt et al., 2016 (double DQN), equation 4.
    """
    best = follow.amax(1) if choosing is None else follow.gather(1, choosing.argmax(1, keepdim=True)).squeeze(1)
    return rewards + discounts * best


def temporal_difference(values: Tensor, targets: Tensor, delta: float = 1.0, weights: Tensor | None = None) -> Tensor:
    """The mean loss of values (B,) that should be targets (B,).

    Half the square of an error up to `delta`, and beyond it a line of that slope, so that a large error moves no
    further than one of `delta` (Huber, 1964); an infinite `delta` is half the square throughout. weights: on each
    error (B,), as importance sampling asks. Raises ValueError for a delta that is not above 0, or shapes that differ.
    """
    if not delta > 0:
        raise ValueError(f"delta of the Huber loss must be above 0; got {delta:g}")
    if values.shape != targets.shape:
        raise ValueError(f"values are {tuple(values.shape)} but targets are {tuple(targets.shape)}; give one for each")
    reduction = "mean" if weights is None else "none"
    if math.isinf(delta):
        found = 0.5 * F.mse_loss(values, targets, reduction=reduction)
    else:
        found = F.huber_loss(values, targets, reduction, delta)
    return found if weights is None else (weights * found).mean()
