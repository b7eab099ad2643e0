"""Seen from elsewhere: turned and sheared, as by a camera held askew."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ._draws import signs, to_bytes

DEGREES, SHEAR = (6.0, 12.0, 18.0, 26.0, 36.0), (0.04, 0.08, 0.14, 0.2, 0.28)


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    angle = math.radians(DEGREES[severity - 1]) * signs(chance[:, 0])
    shear = SHEAR[severity - 1] * signs(chance[:, 1])
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = angle.cos(), angle.cos()
    theta[:, 0, 1], theta[:, 1, 0] = -angle.sin() + shear, angle.sin()
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return to_bytes(F.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False))
