"""From a collection to pictures that can be learned from: look, split, take statistics."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .audit._gather import Gathered, gather
from .batches import Prepared
from .collection import TRAIN, Arrays, Collection
from .decode import Frame, UnreadablePictureError, read_size
from .named import cache
from .preprocess import statistics
from .source import open_collection
from .split import Rows, Split, folds, merge_groups, rows_by_key, split

LARGEST_PX = 64  # side that pictures are brought to unless asked otherwise: what a CPU trains on in minutes
PEEK = 50  # files whose headers are read to find out how large the pictures are
STATISTICS = 10_000  # training pictures that mean and deviation are taken from, spread evenly


def prepare(
    source: str | Path | Collection,
    size: int = 0,
    framing: str = "crop",
    seed: int = 0,
    memory_gib: float = 2.0,
    targets: str = "",
    kind: str = "",
    fewest_classes: int = 2,
) -> Prepared:
    """Open, look at every picture, leave out the unreadable, split, take statistics of the training part.

    targets, kind: columns to tell instead of a class, see `open_collection`. fewest_classes: that can be divided.
    """
    collection = source if isinstance(source, Collection) else open_collection(source, None, targets, kind)
    frame = choose_frame(collection, size, framing)
    gathered = gather(collection, frame if fits(collection, frame, memory_gib) else None, cache=cache())
    return finish(gathered, frame, divide(gathered, seed, fewest_classes))


def prepare_all(collection: Collection) -> Prepared:
    """Pictures in memory, all of them to train on: nothing audited, nothing set aside."""
    frame, everything = choose_frame(collection), np.arange(len(collection))
    none = np.empty(0, dtype=np.int64)
    pixels = np.stack([collection.pictures.load(i, frame) for i in range(len(collection))])
    division = Split(everything, none, none, "everything trains", [""] * len(collection))
    return _with_statistics(collection, frame, division, torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous())


def choose_frame(collection: Collection, size: int = 0, framing: str = "crop") -> Frame:
    """The size pictures are brought to: `size` squared, or for 0 their own, at most LARGEST_PX."""
    if size:
        return Frame(size, size, framing)
    if isinstance(collection.pictures, Arrays):
        height, width = collection.pictures.values.shape[1:3]
        if max(height, width) <= LARGEST_PX:
            return Frame(height, width, framing)
        return Frame(LARGEST_PX, LARGEST_PX, framing)
    sides = []
    for i in np.linspace(0, len(collection) - 1, min(PEEK, len(collection))).astype(int):
        try:
            sides.append(min(read_size(collection.pictures.paths[i])))
        except UnreadablePictureError:
            continue  # the audit will name it
    side = max(1, min(LARGEST_PX, int(median(sides)))) if sides else LARGEST_PX
    return Frame(side, side, framing)


def fits(collection: Collection, frame: Frame, memory_gib: float) -> bool:
    """Whether all pictures, decoded, stay below so much memory."""
    return len(collection) * frame.height * frame.width * 3 <= memory_gib * 2**30


def divide(gathered: Gathered, seed: int, fewest_classes: int = 2) -> Split:
    """Split what could be read, in row numbers of `readable(gathered)`; alike pictures stay together.

    Raises ValueError if fewer classes than that can be divided.
    """
    collection, observations = readable(gathered), gathered.evidence.observations
    keys = [observations[row].content for row in _readable_rows(gathered)]
    together, stated = _together(gathered), collection.splits
    return split(collection.labels, keys, together, stated, seed=seed, fewest_classes=fewest_classes)


def folded(
    source: str | Path | Collection,
    k: int,
    size: int = 0,
    framing: str = "crop",
    seed: int = 0,
    memory_gib: float = 2.0,
) -> list[Prepared]:
    """The training and validation pictures divided in k ways: each is validated once. Test pictures are in none.

    Each has statistics of its own training part. Raises ValueError unless 2 <= k <= the number of groups of pictures
    that belong together.
    """
    collection = source if isinstance(source, Collection) else open_collection(source)
    frame = choose_frame(collection, size, framing)
    gathered = gather(collection, frame if fits(collection, frame, memory_gib) else None, cache=cache())
    division = divide(gathered, seed)
    whole = finish(gathered, frame, division).without_test()
    rows = np.sort(np.concatenate([division.train, division.validation]))
    groups, none = _together(gathered)[rows], np.empty(0, dtype=np.int64)
    found = []
    for number, (train, validation) in enumerate(folds(whole.collection.labels, whole.split.keys, groups, k, seed), 1):
        parts = Split(train, validation, none, f"fold {number} of {k}, seed {seed}", whole.split.keys)
        found.append(_with_statistics(whole.collection, frame, parts, whole.pixels))
    return found


def _together(gathered: Gathered) -> Rows:
    """Groups of readable pictures that must stay on one side of a split: those alike, and what the data set states."""
    rows = _readable_rows(gathered)
    place = {int(row): i for i, row in enumerate(rows)}
    alike = [[place[r] for r in group if r in place] for group in gathered.evidence.near_groups]
    return merge_groups(len(rows), alike, rows_by_key(readable(gathered).groups).values())


def readable(gathered: Gathered) -> Collection:
    """The collection without the pictures that could not be read."""
    return gathered.evidence.collection.subset(_readable_rows(gathered))


def finish(gathered: Gathered, frame: Frame, division: Split) -> Prepared:
    """Everything together, with the training part's mean and deviation."""
    rows = _readable_rows(gathered)
    pixels = None if gathered.pixels is None else _to_tensor(gathered.pixels, rows)
    return _with_statistics(readable(gathered), frame, division, pixels)


def _with_statistics(collection: Collection, frame: Frame, division: Split, pixels: Tensor | None) -> Prepared:
    unscaled = Prepared(collection, frame, division, (0.0,) * 3, (1.0,) * 3, pixels)
    mean, std = statistics(images for images, _ in unscaled.part(TRAIN, STATISTICS))
    return replace(unscaled, mean=mean, std=std)


def _readable_rows(gathered: Gathered) -> NDArray[np.int64]:
    return np.array([i for i, seen in enumerate(gathered.evidence.observations) if not seen.error], dtype=np.int64)


def _to_tensor(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> Tensor:
    kept = pixels if len(rows) == len(pixels) else pixels[rows]
    return torch.from_numpy(kept).permute(0, 3, 1, 2).contiguous()
