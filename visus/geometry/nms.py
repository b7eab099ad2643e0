"""Non-maximum suppression: of boxes that overlap, the best one stays."""

import torch
from torch import Tensor

from .boxes import iou


def nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Rows of the boxes (N, 4) to keep, int64, best score (N,) first: each overlaps no better kept one by more than
    `threshold` (IoU). Of equal scores the earlier row goes first.
    """
    order = scores.argsort(descending=True, stable=True)
    overlaps = (iou(boxes[order], boxes[order]) > threshold).triu(1)
    kept = torch.ones(len(order), dtype=torch.bool, device=boxes.device)
    for row in range(len(order)):
        if kept[row]:
            kept &= ~overlaps[row]
    return order[kept]


def batched_nms(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> Tensor:
    """As `nms`, where boxes of different groups (N,), classes or levels, never suppress each other."""
    if not len(boxes):
        return torch.empty(0, dtype=torch.long, device=boxes.device)
    apart = (boxes.max() - boxes.min() + 1) * groups.to(boxes.dtype)  # each group in a place of its own
    return nms(boxes + apart[:, None], scores, threshold)
