"""Something in front: a grey square hides a part of the picture."""

import torch
from torch import Tensor

SHARE = (0.2, 0.3, 0.4, 0.5, 0.6)  # side of the square as a share of the shorter side
GREY = 128


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    H, W = images.shape[2:]
    side = max(1, round(SHARE[severity - 1] * min(H, W)))
    top = (chance[:, 0] * (H - side + 1)).long()[:, None]
    left = (chance[:, 1] * (W - side + 1)).long()[:, None]
    y, x = torch.arange(H), torch.arange(W)
    hidden = ((y >= top) & (y < top + side))[:, :, None] & ((x >= left) & (x < left + side))[:, None, :]
    return images.masked_fill(hidden[:, None], GREY)
