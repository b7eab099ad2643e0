"""Batches of what a model's first layer makes of pictures, made once and kept: for a layer that never changes."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from .batches import PART_BATCH, Batch, Batches, Prepared, spread
from .collection import TRAIN


class Rows:
    """Descriptions (N, D) of the pictures of each part, made when they are first asked for.

    describe: uint8 (B, 3, H, W) -> (B, D).
    """

    def __init__(self, describe: Callable[[Tensor], Tensor]) -> None:
        self.describe = describe
        self._kept: dict[str, Tensor] = {}

    def keep(self, name: str, rows: Tensor) -> None:
        """Take rows of a part that were made elsewhere."""
        self._kept[name] = rows

    def part(self, prepared: Prepared, name: str) -> Tensor:
        """Rows (N, D) of a part, in its order; always of the same pictures."""
        if name not in self._kept:
            pieces = [self.describe(images) for images, _ in prepared.part(name)]
            self._kept[name] = torch.cat(pieces) if pieces else torch.empty(0, 0)
        return self._kept[name]


class Kept(Batches):
    """Batches whose pictures are rows (B, D), unaugmented; which examples make a batch is as it is with pictures."""

    def __init__(self, prepared: Prepared, batch_size: int, seed: int, rows: Rows) -> None:
        super().__init__(prepared, batch_size, seed)
        self.kept, self.workers = rows, 0
        self._place = np.zeros(len(prepared.collection), dtype=np.int64)  # of a row of the collection in its part
        self._place[prepared.split.train] = np.arange(self.n)

    def batch(self, step: int) -> Batch:
        """The training batch of one step."""
        _, rows = self.rows_of(step)
        return self.kept.part(self.prepared, TRAIN)[torch.from_numpy(self._place[rows])], self.prepared.truth(rows)

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part; at most `limit` examples, spread evenly over it."""
        rows = self.prepared.rows(name)
        places = spread(np.arange(len(rows)), limit)
        for first in range(0, len(places), PART_BATCH):
            some = places[first : first + PART_BATCH]
            yield self.kept.part(self.prepared, name)[torch.from_numpy(some)], self.prepared.truth(rows[some])
