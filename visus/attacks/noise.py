"""The control: every value changed by epsilon up or down at random. What this does is not the attack's doing.

Source: the comparison with random signs in Goodfellow, Shlens and Szegedy, 2015, section 4.
"""

import torch
from torch import Tensor

from ._contract import Scores, check, drawing

NORM = "linf"


def attack(
    network: Scores, images: Tensor, labels: Tensor, epsilon: float, *, targets: Tensor | None = None, seed: int = 0
) -> Tensor:
    """x + epsilon * random signs, clipped to [0, 1]; the network is not asked, and targets are out of its power."""
    check(images, labels, epsilon, targets)
    signs = torch.rand(images.shape, generator=drawing(images, seed), device=images.device) < 0.5
    return (images + epsilon * (1 - 2 * signs.to(images))).clamp(0, 1)
