"""What a vector gives, and the list of functions that answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """What a vector gives: inputs as float64 tensors (whole numbers as int64), params as they stand."""

    inputs: Mapping[str, Tensor]
    params: Mapping[str, Any]

    def __getitem__(self, name: str) -> Tensor:
        return self.inputs[name]

    def param(self, *names: str, default: Any = None) -> Any:
        """The first of these that is given, among params or inputs."""
        for name in names:
            if name in self.params:
                return self.params[name]
            if name in self.inputs:
                return self.inputs[name]
        return default

    @property
    def lr(self) -> float:
        return float(self.param("learning_rate", "lr"))

    @property
    def mu(self) -> float:
        return float(self.param("momentum", "mu", "rho", default=0.9))


KNOWN: dict[str, Callable[[Given], Answer]] = {}


def fact(*names: str) -> Callable[[Callable[[Given], Answer]], Callable[[Given], Answer]]:
    """The function answers vectors of these names."""

    def note(function: Callable[[Given], Answer]) -> Callable[[Given], Answer]:
        KNOWN.update(dict.fromkeys(names, function))
        return function

    return note
