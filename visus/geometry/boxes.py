"""Axis-aligned boxes as rows x1, y1, x2, y2 in pixels; a box covers x1 <= x < x2 and is x2 - x1 wide.

Every function takes tensors on any device and returns such; leading dimensions are batches unless said otherwise.
"""

import math

import torch
from torch import Tensor

LARGEST_GROWTH = math.log(1000 / 16)  # of a side in one step: a wild answer early in training must not overflow


def area(boxes: Tensor) -> Tensor:
    """(..., 4) -> square pixels (...); 0 for a box whose ends are swapped."""
    sides = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0)
    return sides[..., 0] * sides[..., 1]


def intersection(a: Tensor, b: Tensor) -> Tensor:
    """(..., N, 4) and (..., M, 4) -> square pixels shared by each pair (..., N, M)."""
    low = torch.maximum(a[..., :, None, :2], b[..., None, :, :2])
    high = torch.minimum(a[..., :, None, 2:], b[..., None, :, 2:])
    sides = (high - low).clamp(min=0)
    return sides[..., 0] * sides[..., 1]


def iou(a: Tensor, b: Tensor) -> Tensor:
    """(..., N, 4) and (..., M, 4) -> intersection over union of each pair (..., N, M); 0 where neither has an area."""
    shared = intersection(a, b)
    union = area(a)[..., :, None] + area(b)[..., None, :] - shared
    return torch.where(union > 0, shared / union.clamp(min=torch.finfo(union.dtype).tiny), torch.zeros_like(shared))


def covered(a: Tensor, b: Tensor) -> Tensor:
    """(..., N, 4) and (..., M, 4) -> share of each box of `a` that lies in each of `b` (..., N, M): for crowds."""
    own = area(a)[..., :, None]
    shared = intersection(a, b)
    return torch.where(own > 0, shared / own.clamp(min=torch.finfo(own.dtype).tiny), torch.zeros_like(shared))


def paired_giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU of the rows of (N, 4) and (N, 4) -> (N,) in (-1, 1] (Rezatofighi et al., 2019, algorithm 1).

    Unlike IoU it has a slope where boxes do not touch. 1 - GIoU is a loss.
    """
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    sides = (high - low).clamp(min=0)
    shared = sides[:, 0] * sides[:, 1]
    union = area(a) + area(b) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    tiny = torch.finfo(a.dtype).eps
    return shared / union.clamp(min=tiny) - (hull - union) / hull.clamp(min=tiny)


def to_centre(boxes: Tensor) -> Tensor:
    """x1, y1, x2, y2 -> centre x, centre y, width, height, (..., 4)."""
    return torch.cat([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], -1)


def from_centre(boxes: Tensor) -> Tensor:
    """Centre x, centre y, width, height -> x1, y1, x2, y2, (..., 4)."""
    return torch.cat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], -1)


def encode(boxes: Tensor, anchors: Tensor, weights: tuple[float, float, float, float] = (1, 1, 1, 1)) -> Tensor:
    """What moves each anchor to its box, (..., 4): dx, dy in anchor sides, log ratios of the sides, times weights.

    Girshick et al., 2014, appendix C. Both have an area.
    """
    target, start = to_centre(boxes), to_centre(anchors)
    moved = (target[..., :2] - start[..., :2]) / start[..., 2:]
    grown = (target[..., 2:] / start[..., 2:]).log()
    return torch.cat([moved, grown], -1) * torch.tensor(weights, dtype=boxes.dtype, device=boxes.device)


def decode(deltas: Tensor, anchors: Tensor, weights: tuple[float, float, float, float] = (1, 1, 1, 1)) -> Tensor:
    """The boxes (..., 4) that anchors are moved to: the inverse of `encode`; a side grows 62.5-fold at most."""
    start = to_centre(anchors)
    deltas = deltas / torch.tensor(weights, dtype=deltas.dtype, device=deltas.device)
    centre = start[..., :2] + deltas[..., :2] * start[..., 2:]
    sides = start[..., 2:] * deltas[..., 2:].clamp(max=LARGEST_GROWTH).exp()
    return from_centre(torch.cat([centre, sides], -1))


def clip(boxes: Tensor, height: float, width: float) -> Tensor:
    """Boxes (..., 4) cut at the borders of a picture of so many pixels."""
    most = torch.tensor([width, height, width, height], dtype=boxes.dtype, device=boxes.device)
    return torch.minimum(boxes.clamp(min=0), most)
