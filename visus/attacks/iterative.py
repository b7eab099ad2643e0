"""Basic iterative method: many steps of one grey level each; a picture that fools the network is changed no further.

Source: Kurakin, Goodfellow and Bengio, 2017, section 2.2. Departs from it in stopping early, which keeps changes small.
"""

from math import ceil

import torch
from torch import Tensor

from ._climb import climb
from ._contract import GREY, Aim, Scores, check, in_box

NORM = "linf"


def attack(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    targets: Tensor | None = None,
    steps: int = 0,
    step: float = GREY,
    until_fooled: bool = True,
    aim: Aim = "cross_entropy",
) -> Tensor:
    """Pictures near `images` in the largest change of a value.

    step: how far one step changes each value, in (0, 1]. steps: at most so many; 0: the paper's number for epsilon,
    min(e + 4, 1.25 e) with e in units of `step`. until_fooled: leave a picture alone once it fools the network.
    """
    check(images, labels, epsilon, targets)
    e = epsilon / step
    return climb(
        network,
        images,
        labels,
        epsilon,
        targets,
        images,
        steps=steps or ceil(min(e + 4, 1.25 * e)),
        step=step,
        direction=torch.sign,
        project=in_box,
        aim=aim,
        until_fooled=until_fooled,
    )
