"""Activations by name: what stands between two linear layers, so that they are not one.

relu        max(0, x)                 does not saturate above 0, cheap; a unit that is never above 0 is dead
leaky_relu  max(0.01 x, x)            cannot die
prelu       max(a x, x), a learned    starts at a = 0.25
elu         x, or exp(x) - 1 below 0  mean nearer to 0, saturates far below it
maxout      max(w1 x, w2 x)           as ReLU, without its dead side; doubles the parameters of the layer before
tanh        2 sigmoid(2x) - 1         saturates on both sides, centred on 0
sigmoid     1 / (1 + exp(-x))         saturates on both sides, always positive; for gates, not for hidden layers
"""

from collections.abc import Callable, Mapping
from typing import Literal

from torch import nn

from .maxout import PIECES, Maxout

Activation = Literal["relu", "leaky_relu", "prelu", "elu", "maxout", "tanh", "sigmoid"]
NAMED: Mapping[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "elu": nn.ELU,
    "maxout": Maxout,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def named(name: str) -> nn.Module:
    """A fresh activation. Raises ValueError for a name that is none."""
    if name not in NAMED:
        raise ValueError(f"activation must be one of {', '.join(NAMED)}; got '{name}'")
    return NAMED[name]()


def widening(name: str) -> int:
    """How many times wider the linear layer before it must be: 2 before maxout, else 1."""
    return PIECES if name == "maxout" else 1
