"""Follow the gradient of the pixels for several steps, and come back within reach after each."""

from collections.abc import Callable

import torch
from torch import Tensor

from ._contract import Aim, Scores, at_rest, fooled, gain, uphill

OVERSHOOT = 2.5  # times epsilon is the way of all steps, so that every corner can be reached (Madry et al., section 5)
Direction = Callable[[Tensor], Tensor]  # a gradient -> one step of length 1 in the norm
Project = Callable[[Tensor, Tensor, float], Tensor]  # (images, moved, epsilon) -> moved, within reach


def climb(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    targets: Tensor | None,
    start: Tensor,
    *,
    steps: int,
    step: float,
    direction: Direction,
    project: Project,
    aim: Aim = "cross_entropy",
    until_fooled: bool = False,
) -> Tensor:
    """Pictures near `images`, reached from `start`. until_fooled: a picture that fools the network moves no further."""
    with at_rest(network):
        moved = start.detach().clone()
        left = torch.arange(len(images), device=images.device)  # rows that still move
        for _ in range(steps):
            if not len(left):
                break
            some = None if targets is None else targets[left]
            slope, scores = uphill(network, moved[left], labels[left], some, aim)
            if until_fooled:
                going = ~fooled(scores, labels[left], some)
                left, slope = left[going], slope[going]
            further = moved[left] + step * direction(slope)
            moved[left] = project(images[left], further, epsilon)
    return moved.detach()


def projected(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    targets: Tensor | None,
    *,
    start: Callable[[Tensor], Tensor],
    steps: int,
    step: float,
    restarts: int,
    direction: Direction,
    project: Project,
    aim: Aim,
) -> Tensor:
    """Projected gradient descent (Madry et al., 2018) from where `start` puts pictures, the best of so many attempts.

    step: 0 is OVERSHOOT * epsilon / steps.
    """

    def attempt(_: int, rows: Tensor) -> Tensor:
        return climb(
            network,
            images[rows],
            labels[rows],
            epsilon,
            None if targets is None else targets[rows],
            start(images[rows]),
            steps=steps,
            step=step or OVERSHOOT * epsilon / max(1, steps),
            direction=direction,
            project=project,
            aim=aim,
        )

    if restarts == 1:
        return attempt(0, torch.arange(len(images), device=images.device))
    return best_of(network, images, labels, targets, restarts, attempt, aim)


def best_of(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    targets: Tensor | None,
    attempts: int,
    attempt: Callable[[int, Tensor], Tensor],
    aim: Aim = "cross_entropy",
) -> Tensor:
    """The best of several attempts at each picture: one that fools, or else the one of most gain.

    attempt: (number, rows still to be fooled) -> pictures of these rows.
    """
    found = images.clone()
    most = torch.full((len(images),), -torch.inf, device=images.device)
    for number in range(attempts):
        rows = (most < torch.inf).nonzero()[:, 0]
        if not len(rows):
            break
        tried = attempt(number, rows)
        some = None if targets is None else targets[rows]
        with at_rest(network), torch.no_grad():
            scores = network(tried)
            reached = gain(scores, labels[rows], some, aim).float()
            reached = torch.where(fooled(scores, labels[rows], some), torch.inf, reached)
        better = (reached > most[rows]) | (number == 0)
        found[rows[better]], most[rows[better]] = tried[better], reached[better]
    return found
