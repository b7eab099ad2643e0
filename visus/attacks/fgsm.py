"""Fast gradient sign method: one step of epsilon for every value, the way that raises the loss (or to a target).

Source: Goodfellow, Shlens and Szegedy, 2015, section 4; targeted: Kurakin, Goodfellow and Bengio, 2017, section 2.3;
with a random start: Wong, Rice and Kolter, 2020, algorithm 3.
"""

import torch
from torch import Tensor

from ._contract import Aim, Scores, at_rest, check, drawing, in_box, uphill

NORM = "linf"


def attack(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    targets: Tensor | None = None,
    random_start: bool = False,
    stretch: float = 1.0,
    aim: Aim = "cross_entropy",
    seed: int = 0,
) -> Tensor:
    """x + epsilon * sign(gradient), clipped to [0, 1].

    random_start: begin at a random place of the box, as fast adversarial training does, which then takes a step of
    stretch=1.25 times epsilon. Raises ValueError for what `_contract.check` refuses.
    """
    check(images, labels, epsilon, targets)
    start = images
    if random_start:
        dice = torch.rand(images.shape, generator=drawing(images, seed), device=images.device, dtype=images.dtype)
        start = in_box(images, images + epsilon * (2 * dice - 1), epsilon)
    with at_rest(network):
        slope, _ = uphill(network, start, labels, targets, aim)
    return in_box(images, start + stretch * epsilon * slope.sign(), epsilon).detach()
