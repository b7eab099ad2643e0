"""What a test of a model of pictures found, and how a mean is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....metrics.intervals import bootstrap_mean

Tell = Callable[[float, str], None]  # (share done, what is being done)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rival:
    """The best simple method on the same data. low, high: of the lead over it in the units of the score, 95 %."""

    name: str
    score: float
    low: float
    high: float

    @property
    def line(self) -> str:
        if self.low > 0:
            return f"better than the {self.name} ({self.score:.4g})"
        if self.high < 0:
            return f"the {self.name} is better ({self.score:.4g}): use it, or train longer"
        return f"not to be told from the {self.name} ({self.score:.4g})"


@dataclass(frozen=True)
class Tested:
    """score of `measure` with its 95 % interval, of n pictures; said: in words. less is better for all of them.

    values: more figures by name. how: sentences on how they were made. each: of every picture, (n,), where there is
    one.
    """

    measure: str
    score: float
    low: float
    high: float
    n: int
    said: str
    rival: Rival | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    how: str = ""
    each: Floats | None = None

    @property
    def line(self) -> str:
        return f"{self.said}; {self.rival.line}" if self.rival else self.said

    @property
    def detail(self) -> dict[str, Any]:
        """For the verdict of a test and the card, JSON-ready."""
        ends = {"low": self.low, "high": self.high, "n": self.n}
        found = {"measure": self.measure, "score": self.score, **ends, "said": self.said, "how": self.how}
        beside = {"rival": vars(self.rival)} if self.rival else {}
        return {**found, "values": dict(self.values), **beside}


def lead(name: str, theirs: Floats, ours: Floats) -> Rival:
    """How far our losses (N,) are below another's on the same pictures."""
    return Rival(name, float(theirs.mean()), *bootstrap_mean(theirs - ours))
