"""What is seen of a world, and what can be done in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Observed:
    """An observation: numbers float32, or pictures uint8 (channels first).

    states: how many there are where they can be counted; each is then a vector of zeros with a one. stacked: the first
    dimension is so many frames, the newest last, so that a memory need keep only one of them; the first of an episode
    stands for those before it.
    """

    shape: tuple[int, ...]
    dtype: Literal["float32", "uint8"] = "float32"
    states: int = 0
    stacked: int = 1

    @property
    def values(self) -> int:
        return prod(self.shape)

    def facts(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"shape": list(self.shape), "dtype": self.dtype, "states": self.states, "stacked": self.stacked}


@dataclass(frozen=True)
class Choices:
    """One of n actions, 0 to n - 1. names: in words, where the world has them."""

    n: int
    names: tuple[str, ...] = ()

    def drawn(self, n: int, dice: np.random.Generator) -> NDArray[np.int64]:
        """n actions drawn evenly, (n,)."""
        return dice.integers(self.n, size=n)

    def facts(self) -> dict[str, Any]:
        return {"choices": self.n, "names": list(self.names)}


@dataclass(frozen=True, eq=False)
class Amounts:
    """A vector of numbers, each between its low and its high, float32 (D,); infinite where there is no bound."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @property
    def size(self) -> int:
        return len(self.low)

    def drawn(self, n: int, dice: np.random.Generator) -> NDArray[np.float32]:
        """n actions drawn evenly within bounds, (n, D); without bounds, from the standard normal distribution."""
        bounded = np.isfinite(self.low) & np.isfinite(self.high)
        low, high = np.where(bounded, self.low, 0), np.where(bounded, self.high, 0)
        shape = n, self.size
        found = np.where(bounded, dice.uniform(low, high, shape), dice.standard_normal(shape))
        return np.clip(found, self.low, self.high).astype(np.float32)

    def facts(self) -> dict[str, Any]:
        """Ready for JSON, where infinity is the word "inf"."""
        return {"low": [_plain(v) for v in self.low], "high": [_plain(v) for v in self.high]}


Actions = Choices | Amounts


def observed_from(facts: Mapping[str, Any]) -> Observed:
    """What `Observed.facts` describes."""
    return Observed(tuple(facts["shape"]), facts["dtype"], int(facts["states"]), int(facts["stacked"]))


def actions_from(facts: Mapping[str, Any]) -> Actions:
    """What `Choices.facts` or `Amounts.facts` describes."""
    if "choices" in facts:
        return Choices(int(facts["choices"]), tuple(facts["names"]))
    return Amounts(np.array(facts["low"], np.float32), np.array(facts["high"], np.float32))


def _plain(value: np.float32) -> float | str:
    return float(value) if np.isfinite(value) else str(float(value))
