"""A task that acts, made ready for examinations: it has played once, and hands out what it met again and again.

Every examination of a fresh task works on copies, and asks them for batches. Of a task that acts each of them would
play from the start, with a memory and worlds of its own; a rehearsal plays once, for a few seconds.
"""

import copy
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Any

from ...engine.aside import aside
from ...engine.objective import Batch
from ...engine.seed import own_randomness
from ...engine.task import Task
from .acting import SHARED, acts

BATCHES, SECONDS = 8, 3.0  # met, and spent on them; the first comes, however long it takes
WARM_UP = 256  # steps of the world before the first batch


def rehearsed(task: Task) -> Task:
    """A copy whose `batches` are those that it met, and whose copies share its worlds and its memory.

    A task that does not act comes back as it is, and so does one whose worlds cannot be played: examinations will say
    so. The run's random state and its worlds are left as they were.
    """
    if not acts(task):
        return task
    try:
        return _rehearsed(task)
    except Exception:
        return task


def _rehearsed(task: Task) -> Task:
    with own_randomness(0), aside():
        ready = copy.deepcopy(task).train()
        waits = getattr(ready, "warm_up", None)
        if isinstance(waits, int):
            ready.warm_up = min(waits, WARM_UP)  # type: ignore[assignment]  # a module's attributes are of any kind
        ready.batches = Again(_met(ready))  # type: ignore[method-assign]
    for name in SHARED:
        if getattr(ready, name, None) is not None:
            setattr(ready, name, Shared(getattr(ready, name)))
    return ready


def _met(task: Task) -> list[Batch]:
    found: list[Batch] = []
    began = time.monotonic()
    for batch in islice(task.batches(), BATCHES):
        found.append(tuple(column.clone() for column in batch))  # a task may hand out views of what it writes on
        if time.monotonic() - began > SECONDS:
            break
    return found


class Again:
    """In place of `Task.batches`: the same few, for ever."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.kept = batches

    def __call__(self, start: int = 0) -> Iterator[Batch]:
        return islice(cycle(self.kept), start, None)


class Shared:
    """An object as it is, that copies of its owner share."""

    def __init__(self, whole: Any) -> None:
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        if name == "whole":  # asked for while nothing is in here yet
            raise AttributeError(name)
        return getattr(self.whole, name)

    def __len__(self) -> int:
        return len(self.whole)

    def __deepcopy__(self, memo: Any) -> "Shared":
        return self
