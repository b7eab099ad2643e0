"""Farther away: the picture shrinks to the middle of a blurred copy of its surroundings."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ._draws import to_bytes

FACTOR = (0.9, 0.8, 0.7, 0.6, 0.5)  # of the side


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    theta = (torch.eye(2, 3) / FACTOR[severity - 1]).expand(len(images), 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return to_bytes(F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False))
