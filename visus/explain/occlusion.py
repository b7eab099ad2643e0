"""Occlusion: how far the probability of the class falls when a patch of the picture is covered."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from ._gradients import chosen, scores_of

Cover = Literal["grey", "black", "white", "mean"]
LEVELS = {"grey": 0.5, "black": 0.0, "white": 1.0}
PATCH_SHARE, STRIDE_SHARE = 5, 3  # without a wish: a fifth of the shorter side, moved by a third of the patch
BATCH = 128  # covered pictures scored at once


def explain(
    network: nn.Module, images: Tensor, targets: Tensor, patch: int = 0, stride: int = 0, cover: Cover = "grey"
) -> Tensor:
    """Signed maps (B, H, W): the drop in the class's probability, averaged over the patches that cover a pixel.

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). patch, stride: pixels, 0 chooses them by the picture's
    size; a last patch that sticks out is cut off. cover: what the patch is filled with; `mean` is the picture's own
    mean colour. Negative: the class gains when this is hidden. Needs no gradient, so it works with any model.
    Raises ValueError for a patch larger than the picture or a stride larger than the patch, which would leave gaps.
    Source: Zeiler and Fergus, 2014, section 4.2.
    """
    side = min(images.shape[2:])
    patch = patch or max(1, round(side / PATCH_SHARE))
    stride = stride or max(1, patch // STRIDE_SHARE)
    if not 1 <= patch <= side:
        raise ValueError(f"patch must be 1 to {side} px, the picture's shorter side; got {patch}")
    if not 1 <= stride <= patch:
        raise ValueError(f"stride must be 1 to {patch} px, the patch's side, to leave no gap; got {stride}")
    if cover not in (*LEVELS, "mean"):
        raise ValueError(f"cover must be grey, black, white or mean; got '{cover}'")
    rows, columns = (_places(length, patch, stride) for length in images.shape[2:])
    corners = [(top, left) for top in rows for left in columns]
    maps = [_one(network, image, target, corners, patch, cover) for image, target in zip(images, targets, strict=True)]
    return torch.stack(maps) if maps else images[:, 0]


@torch.no_grad()
def _one(
    network: nn.Module, image: Tensor, target: Tensor, corners: list[tuple[int, int]], patch: int, cover: Cover
) -> Tensor:
    """The map (H, W) of one picture (3, H, W)."""
    fill = image.mean((1, 2))[:, None, None] if cover == "mean" else LEVELS[cover]
    whole = _probability(network, image[None], target)[0]
    total, times = torch.zeros_like(image[0]), torch.zeros_like(image[0])
    for first in range(0, len(corners), BATCH):
        batch = corners[first : first + BATCH]
        covered = image.repeat(len(batch), 1, 1, 1)
        for picture, (top, left) in zip(covered, batch, strict=True):
            picture[:, top : top + patch, left : left + patch] = fill
        drops = whole - _probability(network, covered, target)
        for drop, (top, left) in zip(drops, batch, strict=True):
            total[top : top + patch, left : left + patch] += drop
            times[top : top + patch, left : left + patch] += 1
    return total / times


def _probability(network: nn.Module, images: Tensor, target: Tensor) -> Tensor:
    """The class's probability (B,); of a network with one output, which is a number, the output itself."""
    scores = scores_of(network, images)
    return chosen(scores.softmax(1) if scores.shape[1] > 1 else scores, target.expand(len(images)))


def _places(length: int, patch: int, stride: int) -> list[int]:
    """Where patches begin along one side, so that together they cover it."""
    return [stride * i for i in range(math.ceil((length - patch) / stride) + 1)]
