"""Fooling images: from any picture, or from noise, towards a class until the network names it.

Each step is dX = step * g / ||g|| with g the gradient of the class's SCORE; usually far fewer than 100 are needed.
Source: Szegedy et al., 2014; Nguyen, Yosinski and Clune, 2015; the step from Stanford's CS231n, assignment 3.
"""

import torch
from torch import Tensor

from ._contract import Scores, at_rest, check, fooled, in_box, lengths, slope

NORM = "linf"


def attack(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    targets: Tensor | None = None,
    steps: int = 100,
    step: float = 0.25,
    confidence: float = 0.0,
) -> Tensor:
    """Pictures that the network takes for `targets`; without targets, for the class it deems least likely.

    epsilon: largest change of a value, 1 for none. step: L2 length of one step. confidence: go on until the class has
    this probability, in [0, 1); 0: until it is the first.
    """
    check(images, labels, epsilon, targets)
    if not 0 <= confidence < 1:
        raise ValueError(f"confidence must be in [0, 1); got {confidence:g}: a softmax never reaches 1")
    with at_rest(network):
        moved = images.detach().clone()
        if targets is None:
            with torch.no_grad():
                targets = network(moved).argmin(1)
        left = torch.arange(len(images), device=images.device)
        for _ in range(steps):
            current = moved[left].requires_grad_(True)
            scores = network(current)
            way = slope(scores.gather(1, targets[left, None]).sum(), current)
            sure = scores.softmax(1).gather(1, targets[left, None])[:, 0] >= confidence
            going = ~(fooled(scores, labels[left], targets[left]) & sure)
            left, way = left[going], way[going]
            if not len(left):
                break
            moved[left] = in_box(images[left], moved[left] + step * way / lengths(way), epsilon)
    return moved.detach()
