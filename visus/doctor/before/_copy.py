"""Examinations work on a copy: weights, buffers and random state of the patient stay bit-identical."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..finding import NOTE, Finding
from ..instruments.sequences import are_tokens

UNEXAMINED = "not examined"
FEW_STEPS = 12  # tokens of each sequence where a few examples are looked at


@contextmanager
def patient(task: Task) -> Iterator[Task]:
    """A copy of the task to do anything to, with a random state of its own."""
    with own_randomness(0):
        yield copy.deepcopy(task).train()


def first_batch(task: Task, size: int | None = None) -> Batch:
    """The first batch; or the first `size` examples, from as many batches as that takes.

    A few examples of sequences of tokens are shortened, too: a page is not learned by heart in seconds.
    """
    batches = iter(task.batches())
    found = next(batches)
    if size is None:
        return found
    found = shortened(found)
    while len(found[0]) < size and (more := next(batches, None)):
        columns = [_joined(a, b) for a, b in zip(found, shortened(more), strict=True)]
        if any(column is None for column in columns):
            break  # pictures with more objects than these: the first batch has to do
        found = tuple(column for column in columns if column is not None)
    return tuple(tensor[:size] for tensor in found)


def _joined(a: Tensor, b: Tensor) -> Tensor | None:
    """Rows of both; where sequences are filled up to another length, as long as the shorter ones. None if unlike."""
    if a.ndim == b.ndim == 2 and a.shape[1] != b.shape[1] and are_tokens(a):
        n = min(a.shape[1], b.shape[1])
        a, b = a[:, :n], b[:, :n]
    return torch.cat([a, b]) if a.shape[1:] == b.shape[1:] else None


def shortened(batch: Batch) -> Batch:
    """The first FEW_STEPS tokens of each sequence."""
    return tuple(column[:, :FEW_STEPS] if are_tokens(column) else column for column in batch)


def descending(task: Task) -> list[Objective]:
    """The objectives that have something to descend; a memory has not."""
    return [objective for objective in task.objectives if isinstance(objective, Objective)]


def unexamined(why: str) -> Finding:
    """A note that a question could not be asked, and why."""
    return Finding(NOTE, f"{UNEXAMINED}: {why}")
