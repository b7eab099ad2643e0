"""Projected gradient descent: many small steps from a random place of the box. The usual yardstick of robustness.

Source: Madry, Makelov, Schmidt, Tsipras and Vladu, 2018, section 2.1.
"""

import torch
from torch import Tensor

from ._climb import projected
from ._contract import Aim, Scores, check, drawing, in_box

NORM = "linf"


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
    """Pictures near `images` in the largest change of a value.

    step: how far one step changes each value; 0: 2.5 * epsilon / steps. restarts: attempts from other random places;
    each picture keeps the one that fools, or else the one of the highest loss. aim: see `_contract.gain`.
    """
    check(images, labels, epsilon, targets)
    dice = drawing(images, seed)

    def start(some: Tensor) -> Tensor:
        if not random_start:
            return some
        shift = torch.rand(some.shape, generator=dice, device=some.device, dtype=some.dtype)
        return in_box(some, some + epsilon * (2 * shift - 1), epsilon)

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
        direction=torch.sign,
        project=in_box,
        aim=aim,
    )
