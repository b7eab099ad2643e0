"""Another pose: a smooth random field bends the picture."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ._draws import normal, to_bytes

REACH = (0.03, 0.06, 0.09, 0.13, 0.18)  # deviation of the displacement as a share of the side
KNOTS = 4  # a side; between them the field is interpolated


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    B, _, H, W = images.shape
    knots = normal(images.new_empty(B, 2, KNOTS, KNOTS), chance)
    field = F.interpolate(knots, (H, W), mode="bicubic", align_corners=True)  # (B, 2, H, W)
    straight = F.affine_grid(torch.eye(2, 3).expand(B, 2, 3), [B, 3, H, W], align_corners=False)
    grid = straight + 2 * REACH[severity - 1] * field.permute(0, 2, 3, 1)  # the grid runs from -1 to 1
    return to_bytes(F.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False))
