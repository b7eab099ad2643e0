"""Masks of objects: run lengths as COCO counts them, outlines filled, overlap, and masks pasted into their boxes.

A mask is (H, W) of 0 and 1. Its run lengths go down the columns, first 0s and then 1s in turn, so that they add up to
H * W; they begin with 0 where the first pixel is 1.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

STEPS = 5  # so many steps to a pixel, to walk along an outline: COCO's choice
LONGEST_WALK = 50_000_000  # steps of one outline: a longer one is a mistake or an attack
BITS, MORE, SIGN, FIRST = (
    5,
    0x20,
    0x10,
    48,
)  # of a letter: data bits, "another follows", sign bit, letter of the value 0
AT_ONCE = 16_000_000  # pixels of pasted masks that are held in float32 at a time


def rle_encode(mask: ArrayLike) -> list[int]:
    """Run lengths of a mask (H, W) of 0 and 1."""
    flat = np.asarray(mask).astype(bool).ravel(order="F")
    ends = np.flatnonzero(np.diff(flat, prepend=False))
    return [int(n) for n in np.diff(ends, prepend=0, append=flat.size)]


def rle_decode(counts: Sequence[int], height: int, width: int) -> NDArray[np.uint8]:
    """The mask (height, width) of 0 and 1. Raises ValueError for runs that do not fill it."""
    runs = np.asarray(counts, dtype=np.int64)
    if runs.size and runs.min() < 0:
        raise ValueError(f"a run of {runs.min()} pixels cannot be; run lengths are 0 or more")
    if runs.sum() != height * width:
        raise ValueError(
            f"runs of {int(runs.sum())} pixels in all are not of a mask of {height} x {width} = {height * width} pixels"
        )
    values = np.arange(len(runs), dtype=np.uint8) & 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def compressed(counts: Sequence[int]) -> str:
    """Run lengths as COCO's string: of each its difference to the one but one before it, 5 bits a letter, low first."""
    letters = []
    for place, count in enumerate(counts):
        value = int(count) - (int(counts[place - 2]) if place > 2 else 0)
        more = True
        while more:
            bits = value & (MORE - 1)
            value >>= BITS
            more = value != (-1 if bits & SIGN else 0)
            letters.append(chr(FIRST + (bits | MORE if more else bits)))
    return "".join(letters)


def uncompressed(text: str | bytes) -> list[int]:
    """The run lengths in COCO's string. Raises ValueError for what is none."""
    counts: list[int] = []
    value = shift = 0
    for letter in text.encode("utf-8") if isinstance(text, str) else text:
        bits = letter - FIRST
        if not 0 <= bits < 2 * MORE:
            raise ValueError(f"{chr(letter)!r} does not stand in run lengths that are written as a string")
        value |= (bits & (MORE - 1)) << shift
        shift += BITS
        if shift > 64:
            raise ValueError("a run length that is written as a string goes on beyond 64 bits")
        if not bits & MORE:
            if bits & SIGN:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("run lengths that are written as a string are cut off in the middle of a number")
    return counts


def polygon_mask(polygons: Sequence[Sequence[float]], height: int, width: int) -> NDArray[np.uint8]:
    """What lies within any of some outlines, each x, y, x, y, ... in pixels: the mask (height, width) of 0 and 1.

    Pixel by pixel as COCO fills them (`frPyObjects` and `merge` of its library): outlines are walked in fifths of a
    pixel, and a column is filled between its crossings with the walk. Raises ValueError for an outline of fewer than
    three points.
    """
    mask = np.zeros((height, width), dtype=np.uint8)
    for outline in polygons:
        first, columns = _filled(np.asarray(outline, dtype=np.float64), height, width)
        mask[:, first : first + len(columns)] |= columns.T
    return mask


def _filled(outline: NDArray[np.float64], height: int, width: int) -> tuple[int, NDArray[np.uint8]]:
    """One outline, filled: its first column, and the columns that it reaches, uint8 (columns, height)."""
    if outline.size < 6 or outline.size % 2 or not np.isfinite(outline).all():
        raise ValueError(f"an outline is at least three points x, y; got {outline.size} numbers")
    across, down = _walk(np.trunc(STEPS * outline.reshape(-1, 2) + 0.5))
    steps = np.flatnonzero(across[1:] != across[:-1])
    between = np.minimum(across[steps], across[steps + 1])  # the left one of two neighbours
    column = (between + 0.5) / STEPS - 0.5
    kept = (column % 1 == 0) & (column >= 0) & (column <= width - 1)  # crossings of the middle of a column
    row = (np.minimum(down[steps], down[steps + 1])[kept] + 0.5) / STEPS - 0.5
    row = np.ceil(row.clip(0, height))
    if not len(row):
        return 0, np.zeros((0, height), dtype=np.uint8)
    column = column[kept].astype(np.int64)
    first, reach = int(column.min()), int(column.max() - column.min()) + 1
    places = (column - first) * height + row.astype(
        np.int64
    )  # a column's last crossing may be the next one's first row
    turns = np.bincount(places, minlength=reach * height + 1)[: reach * height]
    return first, (np.cumsum(turns) & 1).astype(np.uint8).reshape(reach, height)


def _walk(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every step along a closed outline (K, 2) of whole numbers: x and y of each, by ones on the longer side of each.

    A side is walked from its lower end whichever way it is crossed, so that neighbours share their border exactly.
    """
    ends = np.roll(corners, -1, axis=0)
    reach = np.abs(ends - corners)
    flat = reach[:, 0] >= reach[:, 1]
    main = np.where(flat, 0, 1)
    rows = np.arange(len(corners))
    backwards = corners[rows, main] > ends[rows, main]
    start, end = np.where(backwards[:, None], ends, corners), np.where(backwards[:, None], corners, ends)
    lengths = reach[rows, main]
    if lengths.sum() > LONGEST_WALK:
        raise ValueError(f"an outline of {lengths.sum() / STEPS:.3g} pixels is too long; are its points in pixels?")
    slope = (end - start)[rows, 1 - main] / np.maximum(lengths, 1)
    number = lengths.astype(np.int64) + 1
    side = np.repeat(rows, number)
    step = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    step = np.where(backwards[side], lengths[side] - step, step)
    along = start[side, main[side]] + step
    beside = np.trunc(start[side, 1 - main[side]] + slope[side] * step + 0.5)
    return np.where(flat[side], along, beside), np.where(flat[side], beside, along)


def mask_area(masks: ArrayLike) -> NDArray[np.int64]:
    """(..., H, W) -> pixels of each mask (...)."""
    area: NDArray[np.int64] = np.count_nonzero(np.asarray(masks), axis=(-2, -1))
    return np.asarray(area, dtype=np.int64)


def mask_box(masks: ArrayLike) -> NDArray[np.float64]:
    """(..., H, W) -> the smallest box x1, y1, x2, y2 around each mask (..., 4); zeros around an empty one."""
    there = np.asarray(masks).astype(bool)
    ends = []
    for seen in (np.asarray(there.any(-2)), np.asarray(there.any(-1))):  # columns, rows
        n = seen.shape[-1]
        first, last = seen.argmax(-1), n - seen[..., ::-1].argmax(-1)
        ends.append((np.where(seen.any(-1), first, 0), np.where(seen.any(-1), last, 0)))
    (left, right), (top, bottom) = ends
    return np.stack([left, top, right, bottom], -1).astype(np.float64)


def mask_iou(a: ArrayLike, b: ArrayLike, crowd: ArrayLike | None = None) -> NDArray[np.float64]:
    """Overlap of each pair of masks (N, H, W) and (M, H, W) -> (N, M); 0 where both are empty.

    Intersection over union; for those of `b` that are a crowd, bool (M,), over the area of `a` alone, as in COCO.
    """
    one, other = (np.asarray(masks).astype(bool).reshape(len(np.asarray(masks)), -1) for masks in (a, b))
    shared = (one.astype(np.float32) @ other.astype(np.float32).T).astype(np.float64)  # exact below 2**24 pixels
    own, others = one.sum(1)[:, None], other.sum(1)[None, :]
    joined = own + others - shared
    if crowd is not None:
        joined = np.where(np.asarray(crowd, dtype=bool)[None, :], own, joined)
    return np.divide(shared, joined, out=np.zeros_like(shared), where=joined > 0)


def paste(masks: Tensor, boxes: Tensor, height: int, width: int, threshold: float = 0.5) -> Tensor:
    """Masks (N, m, m) in 0..1 laid into their boxes (N, 4) of a picture -> bool (N, height, width).

    Bilinear between the middles of the m x m places; true above `threshold` (He et al., 2017, section 3.1). A box
    may reach beyond the picture; one without area holds nothing.
    """
    boxes = boxes.to(torch.float32)
    down = _weights(boxes[:, 1], boxes[:, 3], height, masks.shape[-2])  # (N, height, m)
    across = _weights(boxes[:, 0], boxes[:, 2], width, masks.shape[-1])  # (N, width, m)
    pasted = torch.zeros(len(masks), height, width, dtype=torch.bool, device=masks.device)
    rows = max(1, AT_ONCE // max(1, height * width))
    for first in range(0, len(masks), rows):
        part = slice(first, first + rows)
        pasted[part] = down[part] @ masks[part].to(torch.float32) @ across[part].mT > threshold
    return pasted


def _weights(low: Tensor, high: Tensor, pixels: int, places: int) -> Tensor:
    """How much each of some places between two ends (N,) says of each pixel: (N, pixels, places)."""
    middles = torch.arange(pixels, device=low.device) + 0.5
    side = (high - low)[:, None]
    at = (middles - low[:, None]) / side.clamp(min=1e-6) * places - 0.5  # (N, pixels), in places
    weights = (1 - (at[:, :, None] - torch.arange(places, device=low.device)).abs()).clamp(min=0)
    return weights * (side > 0)[:, :, None]
