"""One pixel: differential evolution looks for the place and colour that change the answer, without any gradient.

Source: Su, Vargas and Sakurai, 2019: 400 candidates, F = 0.5, no crossover, at most 100 generations.
"""

import torch
from torch import Tensor

from ._contract import Scores, at_rest, check, drawing, fooled, gain

NORM = "linf"
F = 0.5  # how much of the difference of two candidates is added to a third
QUICK = {"candidates": 12, "generations": 2}


def attack(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    targets: Tensor | None = None,
    pixels: int = 1,
    candidates: int = 400,
    generations: int = 100,
    seed: int = 0,
) -> Tensor:
    """Pictures in which at most `pixels` pixels differ, each value by at most epsilon (1: any colour).

    A picture that is not fooled after all generations comes back with the best change found. Raises ValueError for
    fewer than 4 candidates: three others make each new one.
    """
    check(images, labels, epsilon, targets)
    if candidates < 4:
        raise ValueError(
            f"candidates={candidates} is too few; a new candidate is made of three others, so take 4 or more"
        )
    dice = drawing(images, seed)
    with at_rest(network), torch.no_grad():
        found = images.clone()
        for row, image in enumerate(images):
            goal = None if targets is None else targets[row : row + 1]
            found[row] = _evolve(
                network, image, labels[row : row + 1], goal, epsilon, (candidates, pixels, generations), dice
            )
    return found


def _evolve(
    network: Scores,
    image: Tensor,
    label: Tensor,
    target: Tensor | None,
    epsilon: float,
    size: tuple[int, int, int],
    dice: torch.Generator,
) -> Tensor:
    """The picture (C, H, W) with its best change. size: candidates, pixels of each, generations."""
    n, pixels, generations = size

    def judged(genes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        tried = painted(image, genes, epsilon)
        scores = network(tried)
        goal = None if target is None else target.expand(n)
        return tried, gain(scores, label.expand(n), goal), fooled(scores, label.expand(n), goal)

    genes = torch.rand(n, pixels, 2 + len(image), generator=dice, device=image.device)  # row, column, colour
    genes[..., 2:] = (0.5 * torch.randn(genes[..., 2:].shape, generator=dice, device=image.device) + 0.5).clamp(0, 1)
    tried, gains, wrong = judged(genes)
    for _ in range(generations):
        if wrong.any():
            break
        first, second, third = _three_others(n, dice, image.device)
        children = (genes[first] + F * (genes[second] - genes[third])).clamp(0, 1)
        born, born_gains, born_wrong = judged(children)
        better = born_gains > gains  # a child competes with the parent in its own place only
        genes[better], gains[better], tried[better], wrong[better] = (
            *(children[better], born_gains[better]),
            *(born[better], born_wrong[better]),
        )
    return tried[torch.where(wrong, torch.inf, gains).argmax()]


def painted(image: Tensor, genes: Tensor, epsilon: float) -> Tensor:
    """The picture (C, H, W) as each candidate (n, pixels, 2 + C) changes it, (n, C, H, W)."""
    C, H, W = image.shape
    n = len(genes)
    rows, columns = (genes[..., 0] * H).long().clamp(max=H - 1), (genes[..., 1] * W).long().clamp(max=W - 1)
    tried = image.expand(n, C, H, W).clone()
    old = image[:, rows, columns].permute(1, 2, 0)  # (n, pixels, C)
    colours = torch.minimum(torch.maximum(genes[..., 2:].to(image), old - epsilon), old + epsilon).clamp(0, 1)
    which = torch.arange(n, device=image.device)[:, None].expand_as(rows)
    tried[which, :, rows, columns] = colours
    return tried


def _three_others(n: int, dice: torch.Generator, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """For each of n places three different ones, none of them itself."""
    order = torch.rand(n, n, generator=dice, device=device)
    order.fill_diagonal_(torch.inf)
    first, second, third = order.topk(3, largest=False).indices.T
    return first, second, third
