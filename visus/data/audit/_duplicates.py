"""Which pictures are the same, or nearly: candidates by perceptual hash, confirmed by laying one over the other.

A 64-bit hash alone would not do: plain or tiny pictures (digits, garments on black) share hashes without being alike.
So each candidate pair is laid over each other: as much light, contrast, shift and scale is granted as a re-encoded,
resized, brightened or slightly cropped copy needs, in one least-squares fit, and what remains must be next to nothing.
How little that is, the collection decides: two pictures are copies of each other if they are far more alike than
neighbours in this collection usually are.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..split import merge_groups

# Measured on Caltech-101, Flickr8k, UTKFace (200 planted copies of each kind), CIFAR-10, MNIST, Fashion-MNIST, digits.
MOST_BITS = 10  # differing hash bits of candidates; 2 % cropped off: 6 to 8 bits (95 to 99 % of copies), each side: 10
PAIRS_PER_PICTURE = 3  # candidates looked at; where hashes collide more (MNIST: 90 at 8 bits), fewer bits may differ
FEWEST_PAIRS = 20_000  # candidates always looked at: at most a second
COARSE = 0.15  # 1 - correlation at 16 x 16, for a first sieve; 2 % cropped off: 0.06 (99 %), each side: 0.14 (95 %)
MOST_LEFT = 0.015  # share of the contrast the fit may leave unexplained; copies of photographs leave 0.007 (99 %)
LEAST_LEFT = 0.0005  # always granted, or else a collection that holds everything ten times would have no copies
USUAL_SHARE = 0.025  # of the usual distance. CIFAR-10: 0.008, and 150 pairs looked at are copies. MNIST: 0.003, and
# 53 of 70,000 pictures are taken for copies, all of them plain strokes
NEIGHBOUR = 10  # the neighbour whose distance counts as usual; nearer ones may be copies themselves
SAMPLE = 256  # pictures whose neighbours are looked up
MOST_SHIFT = 2.5  # thumbnail pixels by which fitted pictures may be apart anywhere: 8 % of their width
LONG_CHAIN = 30  # pictures; longer chains are cut at their weakest links ...
LONG_CHAIN_SHARE = 0.05  # ... where they are more of the collection than this: they could not be dealt to three parts
PLAIN = 4.0  # standard deviation in grey levels below which a picture shows too little to be compared

MANY = 4096  # thumbnails worked on at a time
CHUNK = 128  # pairs fitted at a time: about 10 MB
BLOCK = 16, 4096  # hashes compared at a time: half a megabyte, which stays in the processor's cache

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


def luma(thumbnails: Bytes) -> Bytes:
    """Grey levels (N, H, W) of RGB thumbnails (N, H, W, 3): ITU-R 601, rounded as Pillow rounds it."""
    red, green, blue = np.array([19595, 38470, 7471], dtype=np.uint32)  # of 65536
    grey = np.empty(thumbnails.shape[:-1], dtype=np.uint8)
    for start in range(0, len(thumbnails), MANY):  # in between, a byte takes four
        r, g, b = np.moveaxis(thumbnails[start : start + MANY], -1, 0)
        grey[start : start + MANY] = (r * red + g * green + b * blue + 0x8000) >> 16
    return grey


def perceptual_hashes(thumbnails: Bytes) -> Hashes:
    """64 bits for each of (N, 32, 32, 3): which of the 8 x 8 lowest frequencies lie above their median.

    The same bits as `imagehash.phash` gives for a thumbnail, for thousands at a time.
    """
    from scipy.fft import dctn  # takes a tenth of a second, and who only predicts looks for no duplicates

    hashes = np.empty(len(thumbnails), dtype=np.uint64)
    for start in range(0, len(thumbnails), MANY):
        grey = luma(thumbnails[start : start + MANY]).astype(np.float64)
        low = dctn(grey, axes=(1, 2))[:, :8, :8].reshape(-1, 64)
        bits = np.packbits(low > np.median(low, axis=1, keepdims=True), axis=1)
        hashes[start : start + MANY] = bits.view(">u8")[:, 0]
    return hashes


def exact_groups(contents: Sequence[str]) -> list[list[int]]:
    """Rows of equal content, two or more together; '' (an unreadable picture) equals nothing."""
    rows: dict[str, list[int]] = {}
    for row, content in enumerate(contents):
        if content:
            rows.setdefault(content, []).append(row)
    return [group for group in rows.values() if len(group) > 1]


def near_groups(contents: Sequence[str], thumbnails: Bytes, hashes: Hashes) -> list[list[int]]:
    """Rows of pictures that are copies of each other, equal or nearly, directly or in a chain; two or more together.

    contents: N hex digests, '' where unreadable; thumbnails: (N, 32, 32, 3); hashes: (N,) of `perceptual_hashes`.
    The order of the rows does not matter.
    """
    equal = exact_groups(contents)
    again = {row for group in equal for row in group[1:]}
    distinct = np.array([row for row, content in enumerate(contents) if content and row not in again], dtype=np.int64)
    distinct = distinct[luma(thumbnails[distinct]).std(axis=(1, 2)) >= PLAIN]
    # Ranked by content, so that samples are random yet the same in whatever order the pictures come.
    distinct = np.array(sorted(distinct.tolist(), key=lambda row: contents[row]), dtype=np.int64)
    pairs = distinct[_without_long_chains(*copies(thumbnails[distinct], hashes[distinct]), len(distinct))]
    return _together(merge_groups(len(contents), equal, pairs.tolist()))


def copies(thumbnails: Bytes, hashes: Hashes) -> tuple[Rows, Floats]:
    """Pairs of rows (P, 2) that show the same picture, of N distinct ones; and the strain of each (P,).

    Strain is 0 for two that are the same but for their light, and 1 for two that only just pass for copies.
    """
    coarse = _coarse(thumbnails)
    most_left = np.clip(USUAL_SHARE * usual_distance(coarse), LEAST_LEFT, MOST_LEFT)
    pairs = _alike(_candidates(hashes), coarse)
    grey = (thumbnails == thumbnails[..., :1]).all(axis=(1, 2, 3))
    strain = np.empty(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), CHUNK):
        ones, others = pairs[start : start + CHUNK].T
        left, shift = lay_over(*_comparable(thumbnails[ones], thumbnails[others], grey[ones], grey[others]))
        strain[start : start + CHUNK] = np.maximum(left / most_left, shift / MOST_SHIFT)
    return pairs[strain <= 1], strain[strain <= 1]


def usual_distance(coarse: Floats) -> float:
    """1 - correlation from a picture to its tenth nearest neighbour: the median over the first SAMPLE pictures.

    coarse: (N, D) of length 1. Infinite for a collection too small to have such neighbours.
    """
    if len(coarse) <= NEIGHBOUR:
        return float("inf")
    alike = coarse[:SAMPLE] @ coarse.T  # (SAMPLE, N); each picture is its own nearest neighbour
    tenth = np.partition(alike, -NEIGHBOUR - 1, axis=1)[:, -NEIGHBOUR - 1]
    return float(np.median(1 - tenth))


def lay_over(ones: Bytes, others: Bytes) -> tuple[Floats, Floats]:
    """How much of the contrast of P pairs (P, 32, 32, C) is not explained by one being the other shifted or re-lit.

    Both are brought to mean 0 and deviation 1. Their difference is then explained by their mean m as
    (shift_x + scale_x x) dm/dx + (shift_y + scale_y y) dm/dy + gain m + offset: one linear least-squares fit, as in
    Lucas and Kanade, 1981. Returns the share of energy left over, and by how many pixels at most the two were apart.
    """
    a, b = _standardised(_blurred(ones)), _standardised(_blurred(others))
    mean, difference = (a + b) / 2, (a - b)[:, 1:-1, 1:-1]
    size = mean.shape[1]
    along = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1)[1:-1]  # -1 to 1 from edge to edge
    across = (mean[:, 1:-1, 2:] - mean[:, 1:-1, :-2]) / 2
    down = (mean[:, 2:, 1:-1] - mean[:, :-2, 1:-1]) / 2
    inner = mean[:, 1:-1, 1:-1]
    x, y = along[None, None, :, None], along[None, :, None, None]
    causes = np.stack([across, across * x, down, down * y, inner, np.ones_like(inner)], axis=1)
    causes = causes.reshape(len(a), 6, -1)
    effect = difference.reshape(len(a), -1, 1)
    normal = causes @ causes.transpose(0, 2, 1) + np.eye(6, dtype=np.float32) * 0.01  # 0.01: stripes have no dm/dy
    fit = np.linalg.solve(normal, causes @ effect)
    left = effect - causes.transpose(0, 2, 1) @ fit
    energy = 2 * np.square(inner).mean(axis=(1, 2, 3)) + 1e-6  # 2: so that without a fit it is 1 - correlation
    apart = np.abs(fit[:, :, 0])
    shift = np.maximum(apart[:, 0] + apart[:, 1], apart[:, 2] + apart[:, 3])
    return np.square(left).mean(axis=(1, 2)) / energy, shift


def _without_long_chains(pairs: Rows, strain: Floats, n: int) -> Rows:
    """The pairs but for the strained ones in groups so large that being alike is the nature of the collection.

    Where a drawn shape wanders in small steps, each picture is almost the next and the first nothing like the last.
    """
    for most_strain in (1 / 2, 1 / 4, 1 / 8, 1 / 16):
        group = merge_groups(n, pairs.tolist())
        chained = np.bincount(group, minlength=1)[group[pairs[:, 0]]] > max(LONG_CHAIN, LONG_CHAIN_SHARE * n)
        if not chained.any():
            break
        kept = ~chained | (strain <= most_strain)
        pairs, strain = pairs[kept], strain[kept]
    return pairs


def _candidates(hashes: Hashes) -> Rows:
    """Pairs of rows (P, 2) whose hashes differ in few bits: in as many as the number of pairs allows."""
    bits = _affordable_bits(hashes)
    if bits < 0:
        return _next_in_line(hashes)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    n_rows, n_columns = BLOCK
    for top in range(0, len(hashes), n_rows):
        for left in range(top, len(hashes), n_columns):
            apart = np.bitwise_count(hashes[top : top + n_rows, None] ^ hashes[None, left : left + n_columns])
            near = np.argwhere(apart <= bits) + np.array([top, left])
            pairs.append(near[near[:, 0] < near[:, 1]])
    return np.concatenate(pairs)


def _affordable_bits(hashes: Hashes) -> int:
    """In how many bits candidates may differ, judged by a sample; -1 if even equal hashes are too many."""
    n, sample = len(hashes), hashes[: 4 * SAMPLE]
    differing = np.zeros(65, dtype=np.int64)
    for one in sample:
        differing += np.bincount(np.bitwise_count(hashes ^ one), minlength=65)
    differing[0] -= len(sample)  # each with itself
    expected = np.cumsum(differing)[: MOST_BITS + 1] * n / max(1, len(sample)) / 2
    return int(np.searchsorted(expected, max(PAIRS_PER_PICTURE * n, FEWEST_PAIRS), side="right")) - 1


def _next_in_line(hashes: Hashes) -> Rows:
    """Each row with the PAIRS_PER_PICTURE that follow it when sorted by hash, for a camera that never moves."""
    order = np.argsort(hashes, kind="stable")
    pairs = [np.stack([order[:-step], order[step:]], axis=1) for step in range(1, PAIRS_PER_PICTURE + 1)]
    return np.sort(np.concatenate(pairs), axis=1)


def _alike(pairs: Rows, coarse: Floats) -> Rows:
    """The pairs whose correlation at 16 x 16 leaves the fit a chance."""
    kept = [
        some[np.einsum("pd,pd->p", coarse[some[:, 0]], coarse[some[:, 1]]) >= 1 - COARSE]
        for some in np.array_split(pairs, len(pairs) // MANY + 1)
    ]
    return np.concatenate(kept)


def _comparable(ones: Bytes, others: Bytes, ones_grey: Flags, others_grey: Flags) -> tuple[Bytes, Bytes]:
    """Pairs of pictures with a grey one both in grey: it says nothing of colours. One channel if all are grey."""
    for pictures, is_grey, other_is_grey in ((ones, ones_grey, others_grey), (others, others_grey, ones_grey)):
        faded = ~is_grey & other_is_grey
        pictures[faded] = luma(pictures[faded])[..., None]
    if (ones_grey | others_grey).all():
        return ones[..., :1], others[..., :1]
    return ones, others


def _coarse(thumbnails: Bytes) -> Floats:
    """(N, 256): luma at 16 x 16, mean 0, length 1, so that products are correlations."""
    n, height, width, _ = thumbnails.shape
    halves = np.empty((n, height // 2 * (width // 2)), dtype=np.float32)
    for start in range(0, n, MANY):
        grey = luma(thumbnails[start : start + MANY]).astype(np.float32)
        halves[start : start + MANY] = (
            grey.reshape(-1, height // 2, 2, width // 2, 2).mean((2, 4)).reshape(len(grey), -1)
        )
    halves -= halves.mean(axis=1, keepdims=True)
    halves /= np.linalg.norm(halves, axis=1, keepdims=True) + 1e-6
    return halves


def _blurred(pictures: Bytes) -> Floats:
    """Binomial 3 x 3: what a resized or re-encoded copy differs in most is its finest detail."""
    padded = np.pad(pictures.astype(np.float32), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return cast(Floats, (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4)


def _standardised(pictures: Floats) -> Floats:
    centred = pictures - pictures.mean(axis=(1, 2, 3), keepdims=True)
    return cast(Floats, centred / np.sqrt(np.square(centred).mean(axis=(1, 2, 3), keepdims=True) + 1e-6))


def _together(ids: Rows) -> list[list[int]]:
    """Rows of equal id, where there are two or more."""
    order = np.argsort(ids, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(ids[order])) + 1) if len(order) else []
    return [group.tolist() for group in groups if len(group) > 1]
