"""Batches of pictures with a sentence each, as a function of (seed, step)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .augment import Augment
from .batches import PART_BATCH, Batch, spread
from .captioned import Captioned
from .collection import TRAIN
from .randomness import permutation

POOL = 16  # batches whose pairs are sorted by length, so that sentences of a batch are about equally long
ORDERING = 1 << 20  # added to the seed for the order of the batches, which is drawn besides that of the pairs

Seen = Callable[[NDArray[np.int64]], Tensor]  # rows (B,) of the pictures -> what a model sees of them, (B, ...)


class CaptionBatches:
    """What a captioner learns from: every pair of a training picture and one of its sentences once an epoch.

    seen: what is handed out of a picture, by its row: features made before, or None for the pictures themselves.
    augment: changes pictures; features stay as they are.
    """

    def __init__(
        self,
        prepared: Captioned,
        batch_size: int,
        seed: int,
        seen: Seen | None = None,
        augment: Augment | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch must be at least 1 caption; got {batch_size}")
        self.prepared, self.seed, self.augment = prepared, seed, augment or Augment()
        self.seen = seen or prepared.pictures.images
        self.sees_pictures = seen is None
        self.pairs = prepared.pairs(TRAIN)
        self._lengths = np.array([len(prepared.coded(pair)) for pair in self.pairs], dtype=np.int64)
        self._last: tuple[int, NDArray[np.int64]] | None = None
        self.batch_size = min(batch_size, len(self.pairs))
        self.steps_per_epoch = len(self.pairs) // self.batch_size  # what is left of an epoch waits for the next

    def __deepcopy__(self, memo: dict[int, Any]) -> "CaptionBatches":
        return self

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Endless training batches from step `start`, see `batch`."""
        return map(self.batch, count(start))

    def batch(self, step: int) -> Batch:
        """Pictures uint8 (B, 3, H, W) or their features, words behind START (B, T) and the words to tell, up to END."""
        epoch, pairs = self._drawn(step)
        seen = self.seen(pairs[:, 0])
        if self.sees_pictures:
            seen = self.augment(seen, self.seed, epoch, self.prepared.pictures.numbers_of(pairs[:, 0]))
        return seen, *self.coded(pairs)

    def sources(self, step: int) -> list[str]:
        """Names of the pictures in the batch of one step, in its order."""
        return [self.prepared.pictures.collection.names[row] for row, _ in self._drawn(step)[1]]

    def names(self, name: str, limit: int | None = None) -> list[str]:
        """Names of the pictures of a part, in the order of `tokenised`."""
        return [self.prepared.pictures.collection.names[row] for row in spread(self.prepared.rows(name), limit)]

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over the pairs of a part as they are; at most `limit`, spread evenly."""
        pairs = self.pairs if name == TRAIN else self.prepared.pairs(name)
        pairs = pairs[spread(np.arange(len(pairs)), limit)]
        for first in range(0, len(pairs), PART_BATCH):
            some = pairs[first : first + PART_BATCH]
            yield self.seen(some[:, 0]), *self.coded(some)

    def part_steps(self, name: str) -> int:
        """Batches in one pass over a part."""
        return -(-len(self.prepared.pairs(name)) // PART_BATCH)

    def tokenised(self, name: str, limit: int | None = None) -> Iterator[tuple[Tensor, list[Sequence[Sequence[str]]]]]:
        """One pass over the pictures of a part: what is seen of them (B, ...), and the sentences of each, in words."""
        rows = spread(self.prepared.rows(name), limit)
        for first in range(0, len(rows), PART_BATCH):
            some = rows[first : first + PART_BATCH]
            yield self.seen(some), [self.prepared.words[row] for row in some]

    def coded(self, pairs: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Sentences of pairs (B, 2) as inputs (START, words) and targets (words, END), int64 (B, T), PAD behind."""
        vocabulary = self.prepared.vocabulary
        coded = [self.prepared.coded(pair) for pair in pairs]
        longest = 1 + max(map(len, coded), default=0)
        inputs = torch.full((len(pairs), longest), vocabulary.pad)
        targets = inputs.clone()
        for row, words in enumerate(coded):
            inputs[row, : len(words) + 1] = torch.tensor([vocabulary.start, *words])
            targets[row, : len(words) + 1] = torch.tensor([*words, vocabulary.end])
        return inputs, targets

    def _drawn(self, step: int) -> tuple[int, NDArray[np.int64]]:
        """The epoch of a step, and the pairs (B, 2) in its batch."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._last is None or self._last[0] != epoch:
            self._last = epoch, self._order(epoch)
        return epoch, self.pairs[self._last[1][place]]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """(steps, B): the pairs of each batch of an epoch. Which are together is drawn, but for their length."""
        order = permutation(self.seed, epoch, len(self.pairs))[: self.steps_per_epoch * self.batch_size]
        pool = POOL * self.batch_size
        pools = [order[first : first + pool] for first in range(0, len(order), pool)]
        alike = np.concatenate([some[np.argsort(self._lengths[some], kind="stable")] for some in pools])
        turns = permutation(self.seed + ORDERING, epoch, self.steps_per_epoch)
        return alike.reshape(self.steps_per_epoch, self.batch_size)[turns]
