"""Selective search (Uijlings et al., 2013): segments are joined, the likest neighbours first, and a joint is a box.

Eight strategies: two spaces of colour, two sizes of first segments, likeness with and without colour. Their boxes are
ranked together by how late they were joined, times chance, as in the paper. Differs from its fast mode in the texture,
which is of brightness alone, and in that of boxes which are nearly the same one is kept.
"""

import copy
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...geometry.nms import nms

VERSION = 1
SCALES = (50, 150)  # k of Felzenszwalb and Huttenlocher, 2004: larger, larger first segments
SIGMA = 0.8  # pixels, smoothing before segments are made
SMALLEST_SEGMENT = 20  # pixels
COLOUR_BINS, DIRECTIONS, TEXTURE_BINS = 25, 8, 10
STRATEGIES = (("colour", "texture", "size", "fill"), ("texture", "size", "fill"))  # what likeness is summed of
SMALLEST_SIDE = 5  # pixels of a box
ALIKE = 0.8  # overlap above which two boxes are one: the first thousand then meet more objects

Values = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass
class Segments:
    """n first segments, with room for the n - 1 that come of joining: rows of their sizes, boxes and histograms."""

    sizes: Values  # (2n - 1,) in pixels
    boxes: Values  # (2n - 1, 4)
    colour: Values  # (2n - 1, 75), each sums to 1
    texture: Values  # (2n - 1, 80), each sums to 1
    pairs: NDArray[np.int64]  # (P, 2), which touch

    @property
    def n(self) -> int:
        return (len(self.sizes) + 1) // 2


def find(image: NDArray[np.uint8], most: int) -> NDArray[np.float32]:
    """Boxes (P, 4) of joined segments; whole things come before parts, but for chance."""
    luck = np.random.default_rng(0)
    boxes, ranks = [], []
    for values in _spaces(image):
        texture = _directions(values[..., -1])
        for scale in SCALES:
            segments = _described(values, texture, _segmented(values, scale))
            for parts in STRATEGIES:
                found = np.concatenate([segments.boxes[: segments.n], *_joined(segments, parts)])
                boxes.append(found)
                ranks.append(np.arange(len(found), 0, -1) * luck.random(len(found)))
    return _best(np.concatenate(boxes), np.concatenate(ranks), most)


def _best(boxes: Values, ranks: Values, most: int) -> NDArray[np.float32]:
    """The lowest rank first, without those that are nearly the same as a better one."""
    wide = ((boxes[:, 2:] - boxes[:, :2]) >= SMALLEST_SIDE).all(1)
    corners = torch.from_numpy(boxes[wide].astype(np.float32))
    return corners[nms(corners, torch.from_numpy(-ranks[wide]), ALIKE)[:most]].numpy()


def _spaces(image: NDArray[np.uint8]) -> Iterator[Values]:
    """The picture in two spaces of colour (H, W, 3), each in 0..1, brightness last."""
    from skimage.color import rgb2hsv, rgb2lab

    yield np.asarray(rgb2hsv(image), dtype=np.float64)
    lab = np.asarray(rgb2lab(image), dtype=np.float64)
    yield np.stack([lab[..., 1] / 200 + 0.5, lab[..., 2] / 200 + 0.5, lab[..., 0] / 100], -1)


def _segmented(values: Values, scale: float) -> Labels:
    """(H, W) numbers of segments, 0..n - 1."""
    from skimage.segmentation import felzenszwalb

    found = felzenszwalb(values, scale=scale, sigma=SIGMA, min_size=SMALLEST_SEGMENT, channel_axis=-1)
    return np.asarray(found, dtype=np.int64)


def _directions(brightness: Values) -> Values:
    """How steeply it rises (H, W, 8) in eight directions, falling counts as none: derivatives of a Gaussian."""
    from scipy.ndimage import gaussian_filter

    across, down = (gaussian_filter(brightness, 1.0, order=order) for order in ((0, 1), (1, 0)))
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    rising = across[..., None] * np.cos(angles) + down[..., None] * np.sin(angles)
    return np.asarray(rising.clip(0), dtype=np.float64)


def _described(values: Values, texture: Values, labels: Labels) -> Segments:
    n = int(labels.max()) + 1
    room = 2 * n - 1
    y, x = np.indices(labels.shape)
    boxes = np.zeros((room, 4))
    for column, (places, better, start) in enumerate(
        ((x, np.minimum, np.inf), (y, np.minimum, np.inf), (x + 1, np.maximum, 0), (y + 1, np.maximum, 0))
    ):
        side = np.full(n, start, dtype=np.float64)
        better.at(side, labels.ravel(), places.ravel())
        boxes[:n, column] = side
    sizes = np.zeros(room)
    sizes[:n] = np.bincount(labels.ravel(), minlength=n)
    steepest = max(float(texture.max()), 1e-12)
    return Segments(
        sizes,
        boxes,
        _histograms(labels, values, COLOUR_BINS, n, room),
        _histograms(labels, texture / steepest, TEXTURE_BINS, n, room),
        _touching(labels),
    )


def _histograms(labels: Labels, values: Values, bins: int, n: int, room: int) -> Values:
    """Shares of the values in 0..1 of each channel in each bin, (room, C * bins): of n segments, each summing to 1."""
    channels = values.shape[2]
    at = (values * bins).astype(np.int64).clip(0, bins - 1) + np.arange(channels) * bins
    counted = np.bincount((labels[..., None] * (channels * bins) + at).ravel(), minlength=n * channels * bins)
    found = np.zeros((room, channels * bins))
    found[:n] = counted.reshape(n, -1)
    found[:n] /= found[:n].sum(1, keepdims=True)
    return found


def _touching(labels: Labels) -> NDArray[np.int64]:
    """Pairs (P, 2) of segments with pixels side by side or one above the other, the lower number first."""
    sides = [(labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])]
    pairs = np.concatenate([np.stack([a[a != b], b[a != b]], 1) for a, b in sides])
    return np.unique(np.sort(pairs, 1), axis=0)


def _joined(start: Segments, parts: Sequence[str]) -> Iterator[Values]:
    """The box (1, 4) of each joint, the last first: the two likest neighbours become one, until one is left."""
    s = copy.deepcopy(start)
    n, whole = s.n, float(start.sizes.sum())
    beside: list[set[int]] = [set() for _ in range(2 * n - 1)]
    for a, b in s.pairs.tolist():
        beside[a].add(b)
        beside[b].add(a)
    likeness = _likeness(s, s.pairs[:, 0], s.pairs[:, 1], parts, whole) if len(s.pairs) else np.empty(0)
    queue = [(-alike, a, b) for alike, (a, b) in zip(likeness.tolist(), s.pairs.tolist(), strict=True)]
    heapq.heapify(queue)
    gone, new = set[int](), n
    while queue:
        _, a, b = heapq.heappop(queue)
        if a in gone or b in gone:
            continue
        gone |= {a, b}
        _join(s, a, b, new)
        beside[new] = (beside[a] | beside[b]) - {a, b}
        around = np.array(sorted(beside[new]), dtype=np.int64)
        for other in around.tolist():
            beside[other] -= {a, b}
            beside[other].add(new)
        for alike, other in zip(
            _likeness(s, np.full_like(around, new), around, parts, whole).tolist(), around.tolist()
        ):
            heapq.heappush(queue, (-alike, other, new))
        new += 1
    yield s.boxes[n:new][::-1]


def _join(s: Segments, a: int, b: int, new: int) -> None:
    s.sizes[new] = s.sizes[a] + s.sizes[b]
    s.boxes[new, :2] = np.minimum(s.boxes[a, :2], s.boxes[b, :2])
    s.boxes[new, 2:] = np.maximum(s.boxes[a, 2:], s.boxes[b, 2:])
    for histogram in (s.colour, s.texture):
        histogram[new] = (s.sizes[a] * histogram[a] + s.sizes[b] * histogram[b]) / s.sizes[new]


def _likeness(s: Segments, a: Labels, b: Labels, parts: Sequence[str], whole: float) -> Values:
    """How alike segments a and b (P,) are, (P,), at most 1 for each part (section 3.3).

    colour, texture: what their histograms share. size: small ones are joined early. fill: how little of the box around
    both is of neither.
    """
    found = np.zeros(len(a))
    if "colour" in parts:
        found += np.minimum(s.colour[a], s.colour[b]).sum(1)
    if "texture" in parts:
        found += np.minimum(s.texture[a], s.texture[b]).sum(1)
    both = s.sizes[a] + s.sizes[b]
    if "size" in parts:
        found += 1 - both / whole
    if "fill" in parts:
        low, high = np.minimum(s.boxes[a, :2], s.boxes[b, :2]), np.maximum(s.boxes[a, 2:], s.boxes[b, 2:])
        found += 1 - ((high - low).prod(1) - both) / whole
    return found
