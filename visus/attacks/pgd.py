"""Projected gradient descent: many small steps from a random place of the box. The usual yardstick of robustness.

Source: Madry, Makelov, Schmidt, Tsipras and Vladu, 2018, section 2.1.
"""

import torch
from torch import Tensor

from ._climb import best_of, climb
from ._contract import Aim, Scores, check, drawing, in_box

NORM = "linf"
OVERSHOOT = 2.5  # times epsilon is the way of all steps, so that every corner of the box can be reached (section 5)


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

    def attempt(_: int, rows: Tensor) -> Tensor:
        some = images[rows]
        start = some
        if random_start:
            shift = torch.rand(some.shape, generator=dice, device=images.device, dtype=images.dtype)
            start = in_box(some, some + epsilon * (2 * shift - 1), epsilon)
        return climb(
            network,
            some,
            labels[rows],
            epsilon,
            None if targets is None else targets[rows],
            start,
            steps=steps,
            step=step or OVERSHOOT * epsilon / max(1, steps),
            direction=torch.sign,
            project=in_box,
            aim=aim,
        )

    if restarts == 1:
        return attempt(0, torch.arange(len(images), device=images.device))
    return best_of(network, images, labels, targets, restarts, attempt, aim)
