"""What a look at the test part found, whatever was told of the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Tested:
    """score: the main figure, 1 at best, with its 95 % interval; measure: its name. line: in words. detail: more of
    the verdict. tensors: evidence for the report. shown: rows of pictures worth a look."""

    score: float
    low: float
    high: float
    measure: str
    line: str
    detail: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    shown: Tensor
