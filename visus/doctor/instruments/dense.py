"""What a task that marks objects or pixels may offer the doctor; one that offers none of it is left in peace."""

from collections.abc import Iterator, Sequence
from itertools import islice
from time import monotonic
from typing import Any, Protocol

from torch import Tensor

from ...engine.objective import Batch
from ...engine.task import Task
from ...geometry.objects import Matching, Targets


class Marking(Protocol):
    """Pictures with marked objects: a batch begins with images (B, C, H, W)."""

    classes: Sequence[str]

    def marks(self, batch: Batch) -> Targets:
        """What is marked in a batch, in pixels of its images."""
        ...


class Matched(Protocol):
    def matching(self, batch: Batch) -> Matching | None:
        """How the objects of a batch meet the places that the detector answers from; None if it has no such."""
        ...


class Suppressing(Protocol):
    @property
    def suppression(self) -> float | None:
        """The IoU above which the less sure of two boxes of a class goes."""
        ...


class Answered(Protocol):
    def answered(self) -> tuple[Sequence[Any], Sequence[Any]] | None:
        """Of the last evaluation, what was found in each picture (boxes, scores, labels) and what is marked there
        (boxes, labels, crowd); None before the first one."""
        ...


class Ignoring(Protocol):
    def ignored(self, batch: Batch) -> Tensor:
        """bool (B, H, W): the pixels of a batch that are to count neither way."""
        ...


class Painted(Protocol):
    def painted(self) -> Any:
        """Of the last evaluation, how many pixels of each class (rows, truth) were painted as each (K, K); or None."""
        ...


def offers(task: Task, name: str) -> Any:
    """What a task offers under this name of the protocols above, or None."""
    return getattr(task, name, None)


def is_dense(task: Task, batch: Batch) -> bool:
    """Whether a picture has many answers: objects that are marked in it, or a class for each of its pixels."""
    images, labels = batch[0], batch[-1]
    maps = images.ndim == 4 and labels.ndim == 3 and not labels.is_floating_point()
    return offers(task, "marks") is not None or (maps and labels.shape[1:] == images.shape[2:])


def batches(task: Task, most: int, seconds: float) -> Iterator[Batch]:
    """The first batches of at most an epoch, for at most so many seconds."""
    began = monotonic()
    for batch in islice(task.batches(), min(most, max(1, task.steps_per_epoch))):
        yield batch
        if monotonic() - began > seconds:
            return
