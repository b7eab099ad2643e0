"""Work on several processors in pieces that do not wait for one another."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")
Found = TypeVar("Found")


def in_threads(act: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """act(item) of each, in order: in as many threads as torch has, each of which computes alone.

    torch would cut every single operation in as many parts and wait for the last one before the next; on a machine that
    has other things to do as well, most of the time would go into waiting.
    """
    n = min(torch.get_num_threads(), len(items))
    with _one_thread_each():
        if n < 2:
            return [act(item) for item in items]
        with ThreadPoolExecutor(n) as threads:  # a new thread takes over the one thread that is set now
            return list(threads.map(act, items))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
