"""Examinations work on a copy: weights, buffers and random state of the patient stay bit-identical."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..finding import NOTE, Finding

UNEXAMINED = "not examined"


@contextmanager
def patient(task: Task) -> Iterator[Task]:
    """A copy of the task to do anything to, with a random state of its own."""
    with own_randomness(0):
        yield copy.deepcopy(task).train()


def first_batch(task: Task, size: int | None = None) -> Batch:
    """The first batch; or the first `size` examples, from as many batches as that takes."""
    batches = iter(task.batches())
    found = next(batches)
    while size and len(found[0]) < size and (more := next(batches, None)):
        found = tuple(torch.cat(columns) for columns in zip(found, more, strict=True))
    return tuple(tensor[:size] for tensor in found)


def descending(task: Task) -> list[Objective]:
    """The objectives that have something to descend; a memory has not."""
    return [objective for objective in task.objectives if isinstance(objective, Objective)]


def unexamined(why: str) -> Finding:
    """A note that a question could not be asked, and why."""
    return Finding(NOTE, f"{UNEXAMINED}: {why}")
