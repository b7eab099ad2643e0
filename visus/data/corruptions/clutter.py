"""A cluttered background: coloured scraps lie around the middle, which stays as it is."""

import torch
from torch import Tensor

SCRAPS = (3, 6, 10, 16, 24)
SIDE = 0.14  # of a scrap, as a share of the picture's


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    H, W = images.shape[2:]
    found, h, w = images.clone(), max(1, round(SIDE * H)), max(1, round(SIDE * W))
    # a quarter on each side is background; in most pictures people take the thing meant is in the middle
    middle = (slice(None), slice(H // 4, H - H // 4), slice(W // 4, W - W // 4))
    for picture, draw in zip(found, chance[:, 0].tolist(), strict=True):
        own, dice = picture[middle].clone(), torch.Generator().manual_seed(int(draw * 2**53))
        for _ in range(SCRAPS[severity - 1]):
            top, left = (int(torch.randint(0, max(1, n), (), generator=dice)) for n in (H - h + 1, W - w + 1))
            colour = torch.randint(0, 256, (3, 1, 1), generator=dice, dtype=torch.uint8)
            picture[:, top : top + h, left : left + w] = colour
        picture[middle] = own
    return found
