"""Out of focus: each pixel becomes a Gaussian mean of its neighbours."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ._draws import to_bytes

RADIUS = (0.015, 0.025, 0.035, 0.05, 0.07)  # deviation of the Gaussian as a share of the shorter side
FINEST = 0.15  # pixels, times 1 + severity: below it tiny pictures would stay as they are


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    C, H, W = images.shape[1:]
    deviation = max(RADIUS[severity - 1] * min(H, W), FINEST * (1 + severity))
    reach = min(max(1, round(3 * deviation)), min(H, W) - 1)  # reflection cannot reach further than the picture
    if reach < 1:
        return images.clone()
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / deviation) ** 2)
    kernel /= kernel.sum()
    values = F.pad(images.float(), (reach,) * 4, mode="reflect")
    values = F.conv2d(values, kernel.view(1, 1, 1, -1).expand(C, 1, 1, -1), groups=C)
    return to_bytes(F.conv2d(values, kernel.view(1, 1, -1, 1).expand(C, 1, -1, 1), groups=C))
