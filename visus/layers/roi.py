"""Maps cut out at boxes and brought to one size: RoI pooling, RoIAlign, and RoIAlign over a pyramid of maps.

Boxes are given as (K, 5), the picture's row in the batch and x1, y1, x2, y2, or as one (n, 4) for each picture. No
gradient goes to them. A value of RoIAlign is a weighted sum over a few pixels: all of them together are weighted bags
of rows of the map, channels last, and the gradient is a bag the other way round.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from ..geometry.boxes import area

Size = int | tuple[int, int]
Boxes = Tensor | Sequence[Tensor]
CACHED = 256  # rows of a few hundred channels that stay in a core's own cache
CANONICAL_SIDE, CANONICAL_LEVEL = 224, 4  # of ImageNet's pictures, and the stride 2**4 at which ResNet describes them


def roi_align(
    features: Tensor,
    boxes: Boxes,
    output_size: Size,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    aligned: bool = True,
) -> Tensor:
    """Features (B, C, H, W) at K boxes -> (K, C, h, w): each bin the mean of bilinear samples, nothing is rounded.

    output_size: h and w, or a side. spatial_scale: pixels of the map in a pixel of the boxes, 1 / stride.
    sampling_ratio: samples along each side of a bin; 0: as many as it has pixels, rounded up. aligned: pixel centres
    lie at halves, as they do; False is the first version, half a pixel off, in which boxes are at least 1 pixel wide.
    A sample more than a pixel outside the map is 0. float16 and bfloat16 are summed as float32.
    Source: He et al., 2017 (Mask R-CNN), section 3; it agrees with torchvision's `roi_align`.
    """
    pictures, corners = listed(features, boxes)
    h, w = _pair(output_size)
    corners = corners * spatial_scale
    low, high = corners[:, :2], corners[:, 2:]
    if aligned:
        low, sides = low - 0.5, high - low
    else:
        sides = (high - low).clamp(min=1)
    kind, (height, width) = features.dtype, features.shape[2:]
    rows = _rows(features.to(corners.dtype))
    first = pictures * (height * width)

    def taps(at: Any, ratio: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Rows of the map and their weights of some boxes, (n, h w, taps)."""
        y, by_y = _along(low[at, 1], sides[at, 1], h, ratio[0], height)
        x, by_x = _along(low[at, 0], sides[at, 0], w, ratio[1], width)
        y = first[at, None, None] + y * width
        places = y[:, :, None, :, None] + x[:, None, :, None, :]
        weights = by_y[:, :, None, :, None] * by_x[:, None, :, None, :]
        return places.flatten(3).flatten(1, 2), weights.flatten(3).flatten(1, 2)

    if sampling_ratio > 0:
        places, weights = taps(slice(None), (sampling_ratio, sampling_ratio))
        bags = _bags(rows, places, weights)
    else:
        bags = _adaptive(rows, (sides / sides.new_tensor([w, h])).ceil().long(), taps, h * w)
    return bags.to(kind).unflatten(0, (-1, h, w)).permute(0, 3, 1, 2)


def _along(starts: Tensor, sides: Tensor, bins: int, ratio: int, size: int) -> tuple[Tensor, Tensor]:
    """Along one axis, the pixels that the samples of each bin lie between, and their shares: two (K, bins, taps)."""
    steps = torch.arange(bins * ratio, device=starts.device, dtype=starts.dtype).add_(0.5).div_(bins * ratio)
    at = torch.addcmul(starts[:, None], sides[:, None], steps)  # (K, bins ratio)
    inside = (at >= -1) & (at <= size)
    at = at.clamp(0, size - 1)
    below = at.floor()
    part = at - below
    low = below.long()
    places = torch.stack([low, (low + 1).clamp_(max=size - 1)], -1)
    shares = torch.stack([1 - part, part], -1) * (inside / ratio)[..., None]
    places, shares = (x.unflatten(1, (bins, ratio)).flatten(2) for x in (places, shares))
    return _merged(places, shares, ratio)


def _merged(places: Tensor, shares: Tensor, ratio: int) -> tuple[Tensor, Tensor]:
    """Samples less than a pixel apart lie between the same pixels: each pixel once, where there are many samples."""
    if ratio < 3:
        return places, shares
    start = places.amin(2, keepdim=True)
    most = int((places - start).max()) + 1 if places.numel() else 1
    shares = shares.new_zeros(*shares.shape[:2], most).scatter_add_(2, places - start, shares)
    last = places.amax(2, keepdim=True)
    return torch.minimum(start + torch.arange(most, device=start.device), last), shares


def _adaptive(rows: Tensor, samples: Tensor, taps: Any, bins: int) -> Tensor:
    """Bags of boxes whose bins have different numbers of samples (K, 2), x and y; none where a box has no area."""
    empty = (samples < 1).any(1)
    samples = samples.clamp(min=1)
    found, order = [], []
    for ratio in samples.unique(dim=0).tolist():
        at = torch.nonzero((samples == samples.new_tensor(ratio)).all(1)).flatten()
        places, weights = taps(at, (ratio[1], ratio[0]))
        weights = weights.masked_fill(empty[at, None, None], 0)
        found.append(_bags(rows, places, weights))
        order.append(at)
    if not found:
        return rows.new_empty(0, rows.shape[1]) + 0 * rows.sum()
    bags = torch.cat(found).unflatten(0, (-1, bins))
    return bags[torch.cat(order).argsort()].flatten(0, 1)


def _bags(rows: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums of rows (N, C) at places (K, bins, taps) -> (K bins, C)."""
    bags: Tensor = _Bags.apply(rows, places.flatten(), weights.flatten(), places.shape[2])  # type: ignore[no-untyped-call]
    return bags


class _Bags(torch.autograd.Function):
    """Weighted sums of `size` rows each: rows (N, C), places (M size,), weights (M size,) -> (M, C)."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, places: Tensor, weights: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(places, weights)
        ctx.size, ctx.n_rows = size, len(rows)
        return F.embedding_bag(places.view(-1, size), rows, per_sample_weights=weights.view(-1, size), mode="sum")

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        places, weights = ctx.saved_tensors
        order = places.argsort()
        ends = places.bincount(minlength=ctx.n_rows).cumsum(0)
        starts = F.pad(ends, (1, 0))
        back = F.embedding_bag(
            order // ctx.size,
            upstream.contiguous(),
            starts,
            per_sample_weights=weights[order],
            mode="sum",
            include_last_offset=True,
        )
        return back, None, None, None


def roi_pool(features: Tensor, boxes: Boxes, output_size: Size, spatial_scale: float = 1.0) -> Tensor:
    """Features (B, C, H, W) at K boxes -> (K, C, h, w): each bin the largest of its pixels, 0 where it has none.

    Corners are rounded to pixels of the map, both included, and bins to whole pixels, overlapping where they do not
    come out: the quantisation that RoIAlign gives up.
    Source: Girshick, 2015 (Fast R-CNN), section 2.1; it agrees with torchvision's `roi_pool`.
    """
    pictures, corners = listed(features, boxes)
    h, w = _pair(output_size)
    height, width = features.shape[2:]
    scaled = corners * spatial_scale
    corner = (scaled.abs() + 0.5).floor() * scaled.sign()  # halves away from zero
    y, rows = _windows(corner[:, 1], corner[:, 3], h, height)
    x, lines = _windows(corner[:, 0], corner[:, 2], w, width)
    first = ((pictures[:, None] * height + y) * width)[:, :, None] + x[:, None, :]  # (K, h, w)
    windows = torch.stack(torch.broadcast_tensors(first, rows[:, :, None], lines[:, None, :]), -1).reshape(-1, 3)
    largest: Tensor = _Largest.apply(_rows(features), windows, width)  # type: ignore[no-untyped-call]
    return largest.unflatten(0, (-1, h, w)).permute(0, 3, 1, 2)


def _windows(first: Tensor, last: Tensor, bins: int, size: int) -> tuple[Tensor, Tensor]:
    """Where the bins of rounded boxes start along one axis and how many pixels of the map they have: two (K, bins)."""
    sides = (last - first + 1).clamp(min=1)[:, None] / bins
    steps = torch.arange(bins, device=first.device, dtype=first.dtype)
    start = ((steps * sides).floor() + first[:, None]).clamp(0, size).long()
    end = (((steps + 1) * sides).ceil() + first[:, None]).clamp(0, size).long()
    return start, (end - start).clamp(min=0)


class _Largest(torch.autograd.Function):
    """The largest of the rows (N, C) in each window (M, 3), first row, pixels down and across -> (M, C)."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, windows: Tensor, width: int) -> Tensor:
        found = rows.new_zeros(len(windows), rows.shape[1])
        for at, places in _steps(windows, width):
            largest = rows.index_select(0, places[0])
            for place in places[1:]:
                torch.maximum(largest, rows.index_select(0, place), out=largest)
            found[at] = largest
        ctx.save_for_backward(rows, windows, found)
        ctx.width = width
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        rows, windows, found = ctx.saved_tensors
        back = torch.zeros_like(rows)
        for at, places in _steps(windows, ctx.width):
            largest, owed = found[at], upstream[at]
            for place in places:  # the first of equal ones is paid; a place that is repeated is paid once
                paid = owed.where(rows.index_select(0, place) == largest, owed.new_zeros(()))
                back.index_add_(0, place, paid)
                owed = owed - paid
        return back, None, None


def _steps(windows: Tensor, width: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Windows of about as many pixels at a time, and their pixels one after another: (n,), (pixels, n).

    A window of fewer repeats its last pixel, which does not change the largest; those without pixels are left out.
    """
    first, down, across = windows.unbind(1)
    counts, order = (down * across).sort()
    order, counts = order[counts > 0], counts[counts > 0]
    at_once = CACHED if not windows.is_cuda else max(1, len(order))
    for at, count in zip(order.split(at_once), counts.split(at_once), strict=True):
        if len(at):
            steps = torch.arange(int(count[-1]), device=at.device)[:, None].minimum(count - 1)
            yield at, first[at] + steps // across[at] * width + steps % across[at]


def assign_levels(
    boxes: Tensor,
    lowest: int,
    highest: int,
    canonical_side: float = CANONICAL_SIDE,
    canonical_level: int = CANONICAL_LEVEL,
) -> Tensor:
    """The level of a pyramid for each box (N, 4): k, whose map has stride 2**k, int64 (N,) within lowest..highest.

    k = floor(k0 + log2(side / 224)): half the side, a level finer.
    Source: Lin et al., 2017 (feature pyramid networks), equation 1.
    """
    sides = area(boxes).sqrt()
    level = (canonical_level + (sides / canonical_side).log2() + 1e-6).floor()  # 1e-6: 224 itself is level k0
    return level.clamp(lowest, highest).long()


def pyramid_roi_align(
    features: Mapping[int, Tensor], boxes: Boxes, output_size: Size, sampling_ratio: int = 2, aligned: bool = True
) -> Tensor:
    """RoIAlign of each box on the map that fits its size: maps (B, C, H, W) by stride, boxes in pixels -> (K, C, h, w).

    The strides are powers of two. Boxes are given to maps by `assign_levels`.
    """
    strides = sorted(features)
    pictures, corners = listed(features[strides[0]], boxes)
    if len(strides) == 1:
        return roi_align(features[strides[0]], boxes, output_size, 1 / strides[0], sampling_ratio, aligned)
    numbers = [stride.bit_length() - 1 for stride in strides]
    levels = assign_levels(corners, numbers[0], numbers[-1])
    listing = torch.cat([pictures[:, None].to(corners.dtype), corners], 1)
    parts, order = [], []
    for stride, number in zip(strides, numbers, strict=True):
        at = torch.nonzero(levels == number).flatten()
        parts.append(roi_align(features[stride], listing[at], output_size, 1 / stride, sampling_ratio, aligned))
        order.append(at)
    return torch.cat(parts)[torch.cat(order).argsort()]


class RoIAlign(nn.Module):
    """Maps (B, C, H, W), or several by stride, and boxes -> (K, C, h, w); see `roi_align`.

    spatial_scale: of a single map; a pyramid's are its strides.
    """

    def __init__(
        self, output_size: Size, spatial_scale: float = 1.0, sampling_ratio: int = 2, aligned: bool = True
    ) -> None:
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale
        self.sampling_ratio, self.aligned = sampling_ratio, aligned

    def forward(self, features: Tensor | Mapping[int, Tensor], boxes: Boxes) -> Tensor:
        if isinstance(features, Tensor):
            return roi_align(features, boxes, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)
        return pyramid_roi_align(features, boxes, self.output_size, self.sampling_ratio, self.aligned)

    def extra_repr(self) -> str:
        return f"{self.output_size}, sampling_ratio={self.sampling_ratio}, aligned={self.aligned}"


class RoIPool(nn.Module):
    """A map (B, C, H, W) and boxes -> (K, C, h, w); see `roi_pool`."""

    def __init__(self, output_size: Size, spatial_scale: float = 1.0) -> None:
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale

    def forward(self, features: Tensor, boxes: Boxes) -> Tensor:
        return roi_pool(features, boxes, self.output_size, self.spatial_scale)

    def extra_repr(self) -> str:
        return f"{self.output_size}, spatial_scale={self.spatial_scale}"


def listed(features: Tensor, boxes: Boxes) -> tuple[Tensor, Tensor]:
    """Boxes in either form -> the picture of each (K,) int64, and x1, y1, x2, y2 (K, 4), at least float32.

    Raises ValueError where they are of neither form, or of a picture that the batch does not have.
    """
    n = len(features)
    if isinstance(boxes, Tensor):
        if boxes.ndim != 2 or boxes.shape[1] != 5:
            raise ValueError(
                f"boxes must be (K, 5), the picture's row and x1, y1, x2, y2, or a list of one (n, 4) for each "
                f"picture; got {tuple(boxes.shape)}"
            )
        pictures, corners = boxes[:, 0].long(), boxes[:, 1:]
    else:
        if len(boxes) != n or any(one.ndim != 2 or one.shape[1] != 4 for one in boxes):
            shapes = [tuple(one.shape) for one in boxes]
            raise ValueError(f"{n} pictures need a list of {n} boxes (n, 4); got {shapes}")
        counts = torch.tensor([len(one) for one in boxes], device=features.device)
        pictures = torch.repeat_interleave(counts)
        corners = torch.cat(list(boxes))
    if not features.is_cuda and len(pictures) and not 0 <= int(pictures.min()) <= int(pictures.max()) < n:
        raise ValueError(f"boxes name pictures {int(pictures.min())} to {int(pictures.max())} of a batch of {n}")
    kind = torch.promote_types(features.dtype, torch.float32)
    return pictures, corners.detach().to(features.device, kind)


def _rows(features: Tensor) -> Tensor:
    """A map (B, C, H, W) pixel by pixel (B H W, C): its memory where it is channels last, else a copy."""
    return features.permute(0, 2, 3, 1).contiguous().flatten(0, 2)


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])
