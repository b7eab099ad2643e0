"""What a model's scores mean and how they are said: of classes, of attributes, of numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..data.collection import ATTRIBUTES, CLASSES, NUMBERS

Row = NDArray[np.float32]
NONE = "none of them"
DIGITS = 4  # of a number that is told: more than any picture gives away


@dataclass(frozen=True)
class Kind:
    """answer: scores (B, K) -> what is told (B, K). label: names and one row of it -> words. certainty: of a row, the
    probability of what the words say."""

    answer: Callable[[Tensor], Tensor]
    label: Callable[[Sequence[str], Row], str]
    certainty: Callable[[Row], float]


def _named(names: Sequence[str], row: Row) -> str:
    return str(names[int(row.argmax())])


def _there(names: Sequence[str], row: Row) -> str:
    return ", ".join(name for name, chance in zip(names, row, strict=True) if chance > 0.5) or NONE


def _measured(names: Sequence[str], row: Row) -> str:
    return ", ".join(f"{name} {value:.{DIGITS}g}" for name, value in zip(names, row, strict=True))


KINDS: Mapping[str, Kind] = {
    CLASSES: Kind(lambda scores: scores.softmax(1), _named, lambda row: float(row.max())),
    # of the least certain of the answers: all of them together can hardly be surer
    ATTRIBUTES: Kind(lambda scores: scores.sigmoid(), _there, lambda row: float(np.maximum(row, 1 - row).min())),
    NUMBERS: Kind(lambda scores: scores, _measured, lambda row: float("nan")),
}
