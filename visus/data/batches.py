"""Batches of labelled pictures as a function of (seed, step): resume at step k is exact, with any number of workers."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from .augment import Augment
from .collection import TEST, TRAIN, VALIDATION, Arrays, Collection
from .decode import Frame
from .growth import Growth
from .randomness import permutation
from .split import Split

PART_BATCH = 500  # pictures a batch when a part is only looked at
Batch = tuple[Tensor, ...]


@dataclass(frozen=True)
class Prepared:
    """An audited, split collection ready to be learned from.

    pixels: uint8 (N, 3, H, W), decoded once and kept in memory, or None if pictures are decoded when needed.
    mean, std: per channel, of the training part. numbers: (N,) what the rows are called in the collection that this is
    a part of, so that a picture is augmented alike in both; None if it is no part.
    """

    collection: Collection
    frame: Frame
    split: Split
    mean: Sequence[float]
    std: Sequence[float]
    pixels: Tensor | None = field(default=None, repr=False)
    numbers: NDArray[np.int64] | None = field(default=None, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Prepared":
        return self  # examinations copy tasks; the pictures, never changed, are shared

    @property
    def image(self) -> tuple[int, int, int]:
        return 3, self.frame.height, self.frame.width

    @property
    def n_classes(self) -> int:
        return len(self.collection.classes)

    @property
    def n_outputs(self) -> int:
        """How many numbers a model answers with: one for each class, or for each target."""
        return len(self.collection.outputs)

    def rows(self, part: str) -> NDArray[np.int64]:
        """Row numbers of 'train', 'validation' or 'test'."""
        return {TRAIN: self.split.train, VALIDATION: self.split.validation, TEST: self.split.test}[part]

    def numbers_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows' numbers in the whole collection."""
        return rows if self.numbers is None else self.numbers[rows]

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 (B, 3, H, W)."""
        if self.pixels is not None:
            return self.pixels[torch.from_numpy(rows)]
        if get_worker_info() is None:
            with ThreadPoolExecutor() as threads:  # decoding releases Python's lock
                pictures = list(threads.map(self._load, rows.tolist()))
        else:  # this process is one of several already
            pictures = [self._load(row) for row in rows.tolist()]
        return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()

    def _load(self, row: int) -> NDArray[np.uint8]:
        return self.collection.pictures.load(row, self.frame)

    def labels(self, rows: NDArray[np.int64]) -> Tensor:
        """Classes int64 (B,); of a collection with targets, the strata."""
        return torch.from_numpy(self.collection.labels[rows])

    def truth(self, rows: NDArray[np.int64]) -> Tensor:
        """What a model is to answer: classes int64 (B,), or targets float32 (B, T)."""
        targets = self.collection.targets
        return self.labels(rows) if targets is None else torch.from_numpy(targets[rows])

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part as it is: images uint8 (B, 3, H, W) and their truth; at most `limit`, spread evenly."""
        rows = spread(self.rows(name), limit)
        for first in range(0, len(rows), PART_BATCH):
            some = rows[first : first + PART_BATCH]
            yield self.images(some), self.truth(some)

    def limited(self, train: int | None = None, validation: int | None = None) -> "Prepared":
        """The same with at most so many training and validation pictures, spread evenly over each part."""
        split = replace(
            self.split, train=spread(self.split.train, train), validation=spread(self.split.validation, validation)
        )
        return replace(self, split=split)

    def without_test(self) -> "Prepared":
        """The same without its test pictures: neither their pixels nor their names are in what comes back.

        What chooses settings is handed this, so that no mistake of it can look at the test part. Other rows keep their
        order; decoded pixels are copied.
        """
        rows = np.sort(np.concatenate([self.split.train, self.split.validation]))
        split = Split(
            np.searchsorted(rows, self.split.train),
            np.searchsorted(rows, self.split.validation),
            np.empty(0, dtype=np.int64),
            f"{self.split.how}; without its test part",
            [self.split.keys[row] for row in rows],
        )
        part = replace(self, split=split, numbers=self.numbers_of(rows))
        if self.pixels is None:
            return replace(part, collection=self.collection.subset(rows))
        # The pixels are all that is looked at; the collection they were decoded from would keep the test pictures.
        bare = replace(self.collection, pictures=Arrays(np.empty((len(self.collection), 0, 0, 3), dtype=np.uint8)))
        return replace(part, collection=bare.subset(rows), pixels=self.pixels[torch.from_numpy(rows)])


class Batches:
    """What a classification task learns from: shuffled, augmented training batches, and parts to look at."""

    def __init__(
        self,
        prepared: Prepared,
        batch_size: int,
        seed: int,
        augment: Augment | None = None,
        workers: int = 0,
        growth: Growth | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch must be at least 1 picture; got {batch_size}")
        self.prepared, self.seed, self.augment = prepared, seed, augment or Augment()
        self.growth = growth or Growth()
        self.n = len(prepared.split.train)
        self.batch_size = min(batch_size, self.n)
        self.steps_per_epoch = self.n // self.batch_size  # the rest of an epoch, below one batch, waits for the next
        self.workers = workers if prepared.pixels is None else 0  # decoded pictures need no help

    def __deepcopy__(self, memo: dict[int, Any]) -> "Batches":
        return self

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Endless training batches from step `start`: images uint8 (B, 3, H, W) and their truth, see `Prepared`."""
        if not self.workers:
            yield from map(self.batch, count(start))
        yield from DataLoader(
            _Steps(self),
            sampler=_CountFrom(start),
            batch_size=None,
            num_workers=self.workers,
            # The loader must not draw its workers' seeds from torch's own generator: that would change the run.
            generator=torch.Generator(),
        )

    def batch(self, step: int) -> Batch:
        """The training batch of one step."""
        epoch, rows = self.rows_of(step)
        images, numbers = self.prepared.images(rows), self.prepared.numbers_of(rows)
        images = self.augment(images, self.seed, epoch, numbers)
        return self.growth(images, step), self.prepared.truth(rows)

    def sources(self, step: int) -> list[str]:
        """Names of the pictures in the batch of one step, in its order: of files, or of rows of an array."""
        return [self.prepared.collection.names[row] for row in self.rows_of(step)[1]]

    def rows_of(self, step: int) -> tuple[int, NDArray[np.int64]]:
        """The epoch of a step, and the collection's rows (B,) in its batch."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = permutation(self.seed, epoch, self.n)[place * self.batch_size : (place + 1) * self.batch_size]
        return epoch, self.prepared.split.train[order]

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part, unaugmented; at most `limit` examples, spread evenly over it."""
        return self.prepared.part(name, limit)

    def part_steps(self, name: str) -> int:
        return -(-len(self.prepared.rows(name)) // PART_BATCH)


def spread(rows: NDArray[np.int64], limit: int | None) -> NDArray[np.int64]:
    """At most `limit` rows, evenly spaced."""
    if limit is None or limit >= len(rows):
        return rows
    return rows[np.linspace(0, len(rows) - 1, limit).astype(np.int64)]


class _Steps(Dataset[Batch]):
    """Step number -> batch, for worker processes."""

    def __init__(self, batches: Batches) -> None:
        self.of = batches

    def __getitem__(self, step: int) -> Batch:
        torch.set_num_threads(1)
        return self.of.batch(step)


class _CountFrom:
    """start, start + 1, ... for ever."""

    def __init__(self, start: int) -> None:
        self.start = start

    def __iter__(self) -> Iterator[int]:
        return count(self.start)
