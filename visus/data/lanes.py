"""Batches of a long text: streams side by side, each window of a stream where the last one ended."""

from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import torch
from torch import Tensor

from .collection import TRAIN
from .randomness import uniform
from .text import Text

Batch = tuple[Tensor, ...]


class Lanes:
    """What a language model learns from: (inputs, targets, lanes, begins), each with the batch first.

    inputs, targets: int64 (B, T), the targets one symbol further on. lanes: int64 (B,), the stream of each row; a
    stream's windows follow each other from step to step, so that the state can be carried. begins: bool (B,), true
    where a stream begins and there is nothing to carry. A pass covers the training part once, up to a rest shorter than
    a batch; where it begins is drawn anew for each pass, so that the borders of windows move.

    Raises ValueError if the training part is shorter than one batch.
    """

    def __init__(self, text: Text, batch_size: int, window: int, seed: int = 0) -> None:
        if batch_size < 1 or window < 1:
            raise ValueError(
                f"batch must be at least 1 stream, window at least 1 symbol; got {batch_size} and {window}"
            )
        self.prepared, self.seed, self.batch_size, self.window = text, seed, batch_size, window
        self.ids = text.part(TRAIN)
        n_pairs = len(self.ids) - 1  # of a symbol and the next
        if n_pairs < batch_size * window:
            raise ValueError(_too_short(text, len(self.ids), batch_size, window))
        # Room for the beginning to move, unless the text is hardly longer than one batch.
        self.steps_per_epoch = max(1, (n_pairs - window + 1) // (batch_size * window))
        self.slack = n_pairs - self.steps_per_epoch * batch_size * window

    def __deepcopy__(self, memo: dict[int, Any]) -> "Lanes":
        return self

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Endless training batches from step `start`."""
        return map(self.batch, count(start))

    def batch(self, step: int) -> Batch:
        """The training batch of one step: a function of the seed and the step."""
        begins = torch.full((self.batch_size,), step % self.steps_per_epoch == 0)
        first = self._first(step)
        places = first[:, None] + torch.arange(self.window)
        return self.ids[places], self.ids[places + 1], torch.arange(self.batch_size), begins

    def sources(self, step: int) -> list[str]:
        """Where in the text each row of a step's batch stands."""
        return [f"characters {first:,} to {first + self.window:,}" for first in self._first(step).tolist()]

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part in order, in one stream: batches of one row; at most `limit` windows."""
        ids = self.prepared.part(name)
        firsts = islice(range(0, len(ids) - 1, self.window), limit)
        for first in firsts:
            row = ids[first : first + self.window + 1][None]
            yield row[:, :-1], row[:, 1:], torch.zeros(1, dtype=torch.int64), torch.tensor([first == 0])

    def part_steps(self, name: str) -> int:
        return -(-max(0, len(self.prepared.part(name)) - 1) // self.window)

    def _first(self, step: int) -> Tensor:
        """Where the window of each stream begins in the training part, (B,)."""
        epoch, place = divmod(step, self.steps_per_epoch)
        draw = uniform(self.seed, epoch, torch.zeros(1, dtype=torch.int64).numpy(), 1)
        offset = int(draw.item() * (self.slack + 1))
        length = self.steps_per_epoch * self.window  # of a stream
        return offset + torch.arange(self.batch_size) * length + place * self.window


def _too_short(text: Text, n: int, batch_size: int, window: int) -> str:
    said = (
        f"{text.origin} has {n:,} symbols to train on, and batch={batch_size} streams of window={window} need "
        f"{batch_size * window + 1:,}"
    )
    if n - 1 >= window:
        return f"{said}; batch={(n - 1) // window} would do"
    if n - 1 >= batch_size:
        return f"{said}; window={(n - 1) // batch_size} would do"
    return f"{said}; give a longer text, or batch=1 window={max(1, n - 1)}"
