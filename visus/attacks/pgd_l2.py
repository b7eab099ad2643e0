"""Projected gradient descent within a ball: the change as a whole is short, a few values may change much.

Source: Madry, Makelov, Schmidt, Tsipras and Vladu, 2018, section 2.1 and appendix on L2-bounded adversaries.
"""

import torch
from torch import Tensor

from ._climb import projected
from ._contract import Aim, Scores, check, drawing, in_ball, lengths

NORM = "l2"


def attack(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    targets: Tensor | None = None,
    steps: int = 20,
    step: float = 0.0,
    random_start: bool = True,
    restarts: int = 1,
    aim: Aim = "cross_entropy",
    seed: int = 0,
) -> Tensor:
    """Pictures within L2 distance `epsilon` of `images`, each step being `step` long; 0: 2.5 * epsilon / steps.

    epsilon is a length over all values of a picture: 0.5 is usual for 3 x 32 x 32. The rest is as for `pgd`.
    """
    check(images, labels, epsilon, targets, "l2")
    dice = drawing(images, seed)

    def start(some: Tensor) -> Tensor:
        return in_ball(some, some + _in_ball(some, epsilon, dice), epsilon) if random_start else some

    return projected(
        network,
        images,
        labels,
        epsilon,
        targets,
        start=start,
        steps=steps,
        step=step,
        restarts=restarts,
        direction=lambda slope: slope / lengths(slope),
        project=in_ball,
        aim=aim,
    )


def _in_ball(images: Tensor, epsilon: float, dice: torch.Generator) -> Tensor:
    """Changes drawn evenly from the ball: a normal direction, and a length whose D-th power is even."""
    way = torch.randn(images.shape, generator=dice, device=images.device, dtype=images.dtype)
    share = torch.rand(len(images), 1, 1, 1, generator=dice, device=images.device, dtype=images.dtype)
    return epsilon * share ** (1 / max(1, images[:1].numel())) * way / lengths(way)
