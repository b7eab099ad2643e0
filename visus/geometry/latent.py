"""Ways through a space of points z: straight lines, arcs, grids, and sums of groups of points."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

ALIKE = 1e-6  # sine of the angle below which two directions are one, or opposite


def shares(steps: int) -> Tensor:
    """(steps,) from 0 to 1, both included. Raises ValueError for less than 2."""
    if steps < 2:
        raise ValueError(f"a way needs at least 2 steps, its two ends; got {steps}")
    return torch.linspace(0, 1, steps)


def line(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Points (steps, Z) at even distances on the straight line from `start` (Z,) to `end` (Z,)."""
    check_ends(start, end)
    return torch.lerp(start, end, shares(steps).to(start)[:, None])


def arc(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Points (steps, Z) on the arc about 0 from `start` (Z,) to `end` (Z,), at even angles.

    In many dimensions the draws of a normal lie near a sphere: a line cuts through where none lie, an arc does not.
    Lengths go evenly from one to the other; between opposite directions, which have no one arc, it is the line.
    Source: White, 2016, Sampling Generative Networks, section 2.1.
    """
    check_ends(start, end)
    first, last = start.norm(), end.norm()
    cosine = (start @ end / (first * last).clamp_min(1e-12)).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if float(angle.sin()) < ALIKE or float(first * last) == 0:
        return line(start, end, steps)
    share = shares(steps).to(start)[:, None]
    direction = (torch.sin((1 - share) * angle) * start / first + torch.sin(share * angle) * end / last) / angle.sin()
    return direction * torch.lerp(first, last, share)


def combined(groups: Sequence[tuple[float, Tensor]]) -> Tensor:
    """The sum of the means of groups of points (N, Z), each with its factor, usually 1 or -1: one point (Z,).

    Single points are noisy; the mean of three of a kind was enough: (glasses - none) + woman = woman with glasses.
    Source: Radford et al., 2015, section 6.3.2. Raises ValueError for no group, an empty one or different spaces.
    """
    if not groups:
        raise ValueError("at least one group of points is needed to calculate with; got none")
    width = groups[0][1].shape[-1]
    for _, points in groups:
        if points.ndim != 2 or not len(points) or points.shape[1] != width:
            raise ValueError(
                f"groups of points are (N, Z) with N of at least 1 and the same Z; got "
                f"{', '.join(str(tuple(group.shape)) for _, group in groups)}"
            )
    return torch.stack([factor * points.mean(0) for factor, points in groups]).sum(0)


def analogy(have: Tensor, without: Tensor, other: Tensor) -> Tensor:
    """What is to `other` as `have` is to `without`, groups of points (N, Z) each: one point (Z,); see `combined`."""
    return combined([(1.0, have), (-1.0, without), (1.0, other)])


def normal_grid(side: int) -> Tensor:
    """Points (side^2, 2), row by row, whose coordinates cut the normal into parts of equal probability.

    The upper left is (-, +), as on a map. Source: Kingma and Welling, 2014, figure 4.
    """
    if side < 1:
        raise ValueError(f"a grid has at least 1 point a side; got {side}")
    middles = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    at = math.sqrt(2) * torch.erfinv(2 * middles - 1)
    down, across = torch.meshgrid(at.flip(0), at, indexing="ij")
    return torch.stack([across.flatten(), down.flatten()], 1).float()


def patch(corners: Tensor, side: int) -> Tensor:
    """Points (side^2, Z), row by row, between four corners (4, Z): upper left, upper right, lower left, lower right.

    Arcs down both sides, and arcs across between them.
    """
    if corners.ndim != 2 or len(corners) != 4:
        raise ValueError(f"four corners (4, Z) are expected; got {tuple(corners.shape)}")
    left, right = arc(corners[0], corners[2], side), arc(corners[1], corners[3], side)
    return torch.cat([arc(a, b, side) for a, b in zip(left, right, strict=True)])


def check_ends(start: Tensor, end: Tensor) -> None:
    """Raise ValueError unless both are points (Z,) of one space."""
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"a way leads between two points (Z,); got {tuple(start.shape)} and {tuple(end.shape)}")
