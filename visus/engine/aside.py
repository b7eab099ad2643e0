"""Calls of a network that are no part of its training or scoring, as an attack makes them: who watches looks away."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ASIDE = ContextVar("aside", default=False)


@contextmanager
def aside() -> Iterator[None]:
    """Inside, the doctor's hooks write nothing down."""
    token = _ASIDE.set(True)
    try:
        yield
    finally:
        _ASIDE.reset(token)


def is_aside() -> bool:
    return _ASIDE.get()
