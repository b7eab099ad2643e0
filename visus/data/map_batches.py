"""Batches of pictures with label maps, as a function of (seed, step)."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .batches import Batch, spread
from .label_maps import IGNORE
from .object_augment import ObjectAugment
from .prepared_maps import PreparedMaps
from .randomness import permutation
from .view import View

PART_BATCH = 16  # pictures a batch when a part is only looked at: every pixel has K scores


class MapBatches:
    """What a segmenter learns from: shuffled, augmented training batches, and parts to look at.

    A batch is images uint8 (B, 3, H, W) and labels int64 (B, H, W), IGNORE where nothing counts: borders of the frame,
    and what an augmentation shows beyond the picture.
    """

    def __init__(self, prepared: PreparedMaps, batch: int, seed: int, augment: ObjectAugment | None = None) -> None:
        if batch < 1:
            raise ValueError(f"batch must be at least 1 picture; got {batch}")
        self.prepared, self.seed, self.augment = prepared, seed, augment or ObjectAugment()
        self.n = len(prepared.split.train)
        self.batch_size = min(batch, self.n)
        self.steps_per_epoch = self.n // self.batch_size  # the rest of an epoch, below one batch, waits for the next

    def __deepcopy__(self, memo: dict[int, Any]) -> "MapBatches":
        return self

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Endless training batches from step `start`."""
        return map(self.batch, count(start))

    def batch(self, step: int) -> Batch:
        """The training batch of one step."""
        epoch, rows = self._rows(step)
        numbers, (_, height, width) = self.prepared.pictures.numbers_of(rows), self.prepared.image
        images, maps = self.prepared.pictures.images(rows), self.prepared.maps(rows)
        views = self.augment.views(self.seed, epoch, numbers, height, width)
        if not all(view.plain for view in views):
            images, maps = seen(images, maps, views)
        return self.augment.recolour(images, self.seed, epoch, numbers), maps.long()

    def sources(self, step: int) -> list[str]:
        """Names of the pictures in the batch of one step, in its order."""
        return [self.prepared.pictures.collection.names[row] for row in self._rows(step)[1]]

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part, unaugmented; at most `limit` pictures, spread evenly over it."""
        rows = self.part_rows(name, limit)
        for first in range(0, len(rows), PART_BATCH):
            some = rows[first : first + PART_BATCH]
            yield self.prepared.pictures.images(some), self.prepared.maps(some).long()

    def part_rows(self, name: str, limit: int | None = None) -> NDArray[np.int64]:
        """Rows of the pictures that `part` goes through, in its order."""
        return spread(self.prepared.rows(name), limit)

    def part_steps(self, name: str) -> int:
        """Batches in one pass over a part."""
        return -(-len(self.prepared.rows(name)) // PART_BATCH)

    def _rows(self, step: int) -> tuple[int, NDArray[np.int64]]:
        """The epoch of a step, and the rows (B,) in its batch."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = permutation(self.seed, epoch, self.n)[place * self.batch_size : (place + 1) * self.batch_size]
        return epoch, self.prepared.split.train[order]


def seen(images: Tensor, maps: Tensor, views: Sequence[View]) -> tuple[Tensor, Tensor]:
    """Pictures uint8 (B, 3, H, W) and maps uint8 (B, H, W) -> both as looked at, each in its own view."""
    return (
        torch.stack([view.picture(image) for view, image in zip(views, images, strict=True)]),
        torch.stack([view.classes(painted, IGNORE) for view, painted in zip(views, maps, strict=True)]),
    )
