"""Labels as they come, and the classes they name."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def indexed(labels: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """(N,) indices and the K class names: whole numbers in numerical order, anything else by the alphabet."""
    names = set(labels)
    classes = sorted(names)
    if all(_is_whole(name) for name in names):
        classes.sort(key=int)
    place = {name: index for index, name in enumerate(classes)}
    return np.array([place[label] for label in labels], dtype=np.int64), classes


def _is_whole(name: str) -> bool:
    return name.isascii() and name.removeprefix("-").isdigit() and len(name) < 20
