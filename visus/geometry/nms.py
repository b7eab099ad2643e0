"""Non-maximum suppression: of boxes that overlap, the best one stays (exact and greedy).

The best boxes are settled first, a block at a time, against all that are left: what they suppress is gone at once.
Where a block suppresses next to nothing the boxes lie apart, and it is cheaper to sweep over them from left to right
and list the few pairs that overlap. numpy or torch, whichever is quicker, does each step.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK = 64  # boxes settled at once: as many as a machine word has bits
ROOM = 40_000  # pairs compared at once: three such tables stay in a core's own cache
APART = 16  # a block that suppresses less than one in so many of the rest: the boxes lie apart
FEW = 256  # boxes that are settled before a sweep pays
CROWDED = 32  # pairs per box at which a sweep is given up
FAR_BLOCK = 1024  # on an accelerator, rows of the table that are brought over at once

Floats = NDArray[Any]  # float32, or float64
Rows = NDArray[np.int64]


def nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Rows of the boxes (N, 4) to keep, int64, best score (N,) first: none overlaps a better kept one by more than
    `threshold` (IoU, 0..1), computed as float32 (float64 for such boxes).

    Of equal scores the earlier row goes first. Raises ValueError for other shapes or thresholds.
    Source: the greedy rule of Felzenszwalb et al., 2010, section 6.3; it agrees with torchvision's `nms`.
    """
    _check(boxes, scores, threshold)
    order, corners = _best_first(scores), _plain(boxes)
    if corners.is_cpu:
        rows = order.numpy()
        return torch.from_numpy(rows[_settled(corners.numpy().take(rows, 0), threshold)])
    return order[_settled_afar(corners[order], threshold).to(order.device)]


def batched_nms(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> Tensor:
    """As `nms`, where boxes of different groups (N,), classes or levels or pictures, never suppress each other.

    The answer is that of `nms` on each group: nothing is moved apart, which would round coordinates.
    """
    _check(boxes, scores, threshold)
    if groups.shape != scores.shape:
        raise ValueError(f"each of {len(scores)} boxes needs a group; got groups of shape {tuple(groups.shape)}")
    order = _best_first(scores)
    by_group = groups[order].argsort(stable=True)  # within a group the best first
    corners = _plain(boxes)[order[by_group]]
    numbers = groups[order[by_group]].cpu().numpy()
    settle = _settled_afar if not corners.is_cpu else _settled_here
    found = [start + settle(corners[start:end], threshold, mixed) for start, end, mixed in _chunks(numbers)]
    if not found:
        return order
    return order[by_group[torch.cat(found).to(order.device)].sort().values]


def _check(boxes: Tensor, scores: Tensor, threshold: float) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 4 or scores.shape != boxes.shape[:1]:
        raise ValueError(f"boxes must be (N, 4) and scores (N,); got {tuple(boxes.shape)} and {tuple(scores.shape)}")
    if not 0 <= threshold <= 1:
        raise ValueError(f"an IoU threshold must be in 0..1; got {threshold}")


def _plain(boxes: Tensor) -> Tensor:
    boxes = boxes.detach()
    return boxes if boxes.dtype == torch.float64 else boxes.float()


def _best_first(scores: Tensor) -> Tensor:
    """Rows by falling score, of equal ones the earlier first."""
    scores = scores.detach()
    if not scores.is_cpu or scores.dtype != torch.float32:
        return scores.argsort(descending=True, stable=True)
    # score and row in one whole number: numpy sorts those several times faster than it or torch sorts stably
    bits = (scores.numpy() + np.float32(0)).view(np.uint32)  # + 0: -0 equals 0
    falling = np.where(bits >> 31, bits, bits ^ np.uint32(0x7FFFFFFF)).astype(np.uint64)
    packed = falling << np.uint64(32) | np.arange(len(bits), dtype=np.uint64)
    packed.sort()
    return torch.from_numpy((packed & np.uint64(0xFFFFFFFF)).astype(np.int64))


def _chunks(numbers: NDArray[Any]) -> Iterator[tuple[int, int, NDArray[Any] | None]]:
    """Sorted groups as ranges to be settled: a large one alone, small ones together with their numbers."""
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    start = 0
    for before, end in pairwise(edges):
        if before > start and end - start > BLOCK:
            yield start, before, numbers[start:before]
            start = before
    if start < len(numbers):
        yield start, len(numbers), numbers[start:]


class _Overlaps:
    """Which boxes overlap which by more than a threshold, in a room that is used over and over.

    Of columns x1, y1, x2, y2, area (5, b) and (5, m) -> bool (b, m), valid until the next call.
    """

    def __init__(self, threshold: float, n: int, kind: np.dtype[Any]) -> None:
        self.limit = _limit(threshold, kind)
        self.size = max(min(BLOCK * n, ROOM), n)
        self.room = torch.empty(3 * self.size, dtype=torch.from_numpy(np.empty(0, kind)).dtype)
        self.flags = np.empty(self.size, dtype=np.bool_)

    def rows(self, columns: int) -> int:
        """How many boxes can be compared with so many."""
        return max(1, min(BLOCK, columns, self.size // columns))

    def __call__(self, best: Floats, rest: Floats) -> NDArray[np.bool_]:
        shape = best.shape[1], rest.shape[1]
        n = shape[0] * shape[1]
        shared, side, other = (self.room[at : at + n].view(shape) for at in (0, self.size, 2 * self.size))
        left, top, right, bottom, area = torch.from_numpy(best).unsqueeze(2).unbind(0)
        x1, y1, x2, y2, areas = torch.from_numpy(rest).unbind(0)
        torch.minimum(right, x2, out=shared)
        torch.maximum(left, x1, out=side)
        shared.sub_(side).clamp_(min=0)
        torch.minimum(bottom, y2, out=side)
        torch.maximum(top, y1, out=other)
        shared.mul_(side.sub_(other))  # below 0 where they lie above one another: no overlap either
        torch.add(area, areas, out=side)
        shared.div_(side.sub_(shared))  # 0 / 0 is no number, and not above the threshold
        return np.greater(shared.numpy(), self.limit, out=self.flags[:n].reshape(shape))


def _limit(threshold: float, kind: np.dtype[Any]) -> Any:
    """The largest number of this kind that is not above the threshold: compared with it, nothing is rounded."""
    limit = kind.type(threshold)
    return np.nextafter(limit, kind.type(-1)) if float(limit) > threshold else limit


def _settled_here(corners: Tensor, threshold: float, groups: NDArray[Any] | None) -> Tensor:
    """As `_settled`, of tensors."""
    alike = groups is None or groups[0] == groups[-1]
    return torch.from_numpy(_settled(corners.numpy(), threshold, None if alike else groups))


def _settled(corners: Floats, threshold: float, groups: NDArray[Any] | None = None) -> Rows:
    """Rows to keep of boxes (N, 4), the best first, where boxes of different groups do not meet."""
    columns = np.empty((5, len(corners)), corners.dtype)
    columns[:4] = corners.T
    left, top, right, bottom, area = torch.from_numpy(columns).unbind(0)
    torch.mul(right - left, bottom - top, out=area)  # torch says nothing of infinite ones
    rows, kept = np.arange(len(corners)), [np.empty(0, np.int64)]
    overlaps, sweep = _Overlaps(threshold, len(corners), columns.dtype), groups is None
    while len(rows):
        block = overlaps.rows(len(rows))
        table = overlaps(columns[:, :block], columns)
        if groups is not None:
            table &= groups[rows[:block], None] == groups[rows]
        best = _greedy(table[:, :block])
        kept.append(rows[best])
        rest = table[:, block:]
        suppressed = (rest if len(best) == block else rest[best]).any(0)
        columns, rows = columns[:, block:], rows[block:]
        gone = np.count_nonzero(suppressed)
        if gone:
            remaining = np.flatnonzero(~suppressed)
            columns, rows = columns.take(remaining, 1), rows[remaining]
        if sweep and len(rows) >= FEW and gone * APART < len(rows):
            sweep, pairs = False, _swept(columns, overlaps)
            if pairs is not None:
                kept.append(rows[_unsuppressed(*pairs, len(rows))])
                break
    return np.concatenate(kept)


def _greedy(table: NDArray[np.bool_]) -> list[int]:
    """Boxes that no kept one before them overlaps, of a table (b, b), b <= 64: a word of bits for each."""
    bits = np.zeros((len(table), BLOCK), dtype=np.bool_)
    bits[:, : len(table)] = table
    words = np.packbits(bits, axis=1, bitorder="little").view("<u8").ravel().tolist()
    return _kept(words)


def _kept(words: Sequence[int], suppressed: int = 0) -> list[int]:
    """Rows kept, of whole numbers whose bits say what a row overlaps; bits before the row itself decide nothing."""
    kept = []
    for row, word in enumerate(words):
        if not suppressed >> row & 1:
            kept.append(row)
            suppressed |= word
    return kept


def _swept(columns: Floats, overlaps: _Overlaps) -> tuple[Rows, Rows] | None:
    """Pairs of boxes (5, N) that overlap, the better and the worse one; None where there are too many.

    Boxes sorted by their left side can only overlap those that start before they end.
    """
    n = columns.shape[1]
    order = columns[0].argsort()
    columns = columns.take(order, 1)
    left, right = columns[0], columns[2]
    found, start, total = [], 0, 0
    while start < n:
        end = min(start + BLOCK, n)
        reach = max(end, int(left.searchsorted(right[start:end].max(), "right")))
        end = min(end, start + overlaps.rows(reach - start))
        pairs = np.flatnonzero(overlaps(columns[:, start:end], columns[:, start:reach]))
        found.append(order[np.stack(np.divmod(pairs, reach - start)) + start])
        start, total = end, total + len(pairs)
        if total > CROWDED * n:
            return None
    both = np.concatenate(found, 1)
    better, worse = both.min(0), both.max(0)
    apart = better != worse
    return better[apart], worse[apart]


def _unsuppressed(better: Rows, worse: Rows, n: int) -> NDArray[np.bool_]:
    """Which of n boxes stay: those no staying better one overlaps. Right for the first k boxes after k rounds."""
    stay = np.ones(n, dtype=np.bool_)
    while True:
        now = np.ones(n, dtype=np.bool_)
        now[worse[stay[better]]] = False
        if np.array_equal(now, stay):
            return stay
        stay = now


def _settled_afar(corners: Tensor, threshold: float, groups: NDArray[Any] | None = None) -> Tensor:
    """As `_settled` on any device: tables are made there and settled here."""
    n = len(corners)
    limit = float(_limit(threshold, torch.empty(0, dtype=corners.dtype).numpy().dtype))
    names = None if groups is None else torch.from_numpy(np.ascontiguousarray(groups)).to(corners.device)
    low, high = corners[:, :2], corners[:, 2:]
    area = (high - low).prod(1)
    suppressed, kept = 0, []
    for start in range(0, n, FAR_BLOCK):
        block = slice(start, start + FAR_BLOCK)
        sides = torch.minimum(high[block, None], high) - torch.maximum(low[block, None], low)
        shared = sides.clamp_(min=0).prod(2)
        table = shared / (area[block, None] + area - shared) > limit
        if names is not None:
            table &= names[block, None] == names
        for row, bits in enumerate(np.packbits(table.cpu().numpy(), axis=1, bitorder="little"), start):
            if not suppressed >> row & 1:
                kept.append(row)
                suppressed |= int.from_bytes(bits.tobytes(), "little")
    return torch.tensor(kept, dtype=torch.int64)
