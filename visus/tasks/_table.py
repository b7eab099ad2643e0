"""Examples in arrays: inputs and what is true of them, in two parts, with batches that depend on (seed, step) alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ..engine.objective import Batch

LARGEST = 1e30  # a number beyond it overflows when it is squared


@dataclass(frozen=True)
class Table:
    """inputs (N, ...) and truth (N, A), float32, of the examples to learn from and of those held out."""

    inputs: Tensor
    truth: Tensor
    held_inputs: Tensor
    held_truth: Tensor
    batch_size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return max(1, len(self.inputs) // self.batch_size)

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Batches of step `start`, `start + 1`, ... for ever; every epoch is shuffled anew."""
        for step in count(start):
            epoch, place = divmod(step, self.steps_per_epoch)
            order = np.random.Generator(np.random.Philox(key=[self.seed, epoch])).permutation(len(self.inputs))
            rows = torch.from_numpy(order[place * self.batch_size : (place + 1) * self.batch_size])
            yield self.inputs[rows], self.truth[rows]


def table(
    inputs: ArrayLike, truth: ArrayLike, held_out: float | tuple[ArrayLike, ArrayLike], batch: int, seed: int
) -> Table:
    """Examples from arrays of any numeric type: inputs (N, ...), truth (N, A) or (N,).

    held_out: inputs and truth to score on, or the share of the examples, drawn at random by `seed`, to keep for that.
    Raises ValueError for arrays that do not fit, are not finite, or leave nothing to learn from or to score.
    """
    x, y = _pair("training", inputs, truth)
    if isinstance(held_out, tuple):
        held_x, held_y = _pair("held-out", *held_out)
    else:
        if not 0 < held_out < 1:
            raise ValueError(f"the share held out must be between 0 and 1, for example 0.2; got {held_out}")
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x)))
        held, rest = order.tensor_split([max(1, round(held_out * len(x)))])
        held_x, held_y, x, y = x[held], y[held], x[rest], y[rest]
    if not len(x) or not len(held_x):
        raise ValueError("nothing is left to learn from or to score on; give at least 2 examples")
    if x.shape[1:] != held_x.shape[1:] or y.shape[1:] != held_y.shape[1:]:
        raise ValueError(
            f"training inputs are {tuple(x.shape)} but held-out ones {tuple(held_x.shape)}; give one shape"
        )
    if batch < 1:
        raise ValueError(f"batch must be at least 1 example; got {batch}")
    return Table(x, y, held_x, held_y, min(batch, len(x)), seed)


def _pair(name: str, inputs: ArrayLike, truth: ArrayLike) -> tuple[Tensor, Tensor]:
    """Inputs (N, ...) and truth (N, A)."""
    x, y = _numbers(f"{name} inputs", inputs), _numbers(f"{name} truth", truth)
    if len(x) != len(y):
        raise ValueError(f"{len(x)} {name} inputs but {len(y)} truths; give one truth for each input")
    return x, y.reshape(len(y), -1) if len(y) else y


def _numbers(name: str, values: ArrayLike) -> Tensor:
    """float32, copied. Raises ValueError for what is not a number, or is not finite."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.dtype.kind not in "biuf" or array.ndim < 1:
        raise ValueError(f"{name} must be an array of numbers, one row an example; got {array.dtype} {array.shape}")
    if not np.isfinite(array).all() or (array.size and np.abs(array.astype(np.float64)).max() > LARGEST):
        raise ValueError(f"{name} hold NaN, infinite or enormous values; leave those examples out or fill them in")
    return torch.from_numpy(np.array(array, dtype=np.float32))
