"""Starting weights by name: each fills the weight (n_out, n_in) of a linear layer in place; biases start at 0.

Signals keep their size through many layers where the variance of the weights is about 1 / n_in. Too small a start
makes them, and with them the gradients, fade layer by layer; too large a start saturates tanh and sigmoid.
A convolution's weight (n_out, C, h, w) counts n_in = C h w inputs.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

Initialiser = Literal["he", "glorot", "inverse_sqrt", "small_normal", "sparse", "zero"]
SMALL = 0.01  # standard deviation of `small_normal`
CONNECTIONS = 10  # inputs that a unit listens to with `sparse`


def zero(weight: Tensor) -> Tensor:
    """All 0: every unit of a layer computes and learns the same, so a hidden layer never becomes more than one unit."""
    return nn.init.zeros_(weight)


def small_normal(weight: Tensor) -> Tensor:
    """Normal with deviation 0.01: breaks the symmetry, good for a few layers; deeper, the signal fades to nothing."""
    return nn.init.normal_(weight, std=SMALL)


def inverse_sqrt(weight: Tensor) -> Tensor:
    """Normal with deviation 1 / sqrt(n_in), without the factor 0.01 that some notes keep. LeCun et al., 1998."""
    return nn.init.normal_(weight, std=inputs(weight) ** -0.5)


def glorot(weight: Tensor) -> Tensor:
    """Normal with variance 2 / (n_in + n_out), a compromise of the way forward and back. Glorot and Bengio, 2010."""
    return nn.init.xavier_normal_(weight)


def he(weight: Tensor) -> Tensor:
    """Normal with variance 2 / n_in: ReLU silences half, so twice the variance. He et al., 2015."""
    return nn.init.kaiming_normal_(weight, nonlinearity="relu")


@torch.no_grad()
def sparse(weight: Tensor, connections: int = CONNECTIONS) -> Tensor:
    """Each unit listens to `connections` random inputs, all others start at 0. Martens, 2010.

    The weights that are there are normal with deviation 1 / sqrt(connections), so that the signal keeps its size.
    """
    rows = weight.flatten(1)
    n_out, n_in = rows.shape
    connections = min(connections, n_in)
    chosen = torch.rand(n_out, n_in, device=weight.device).topk(connections).indices
    values = torch.randn(n_out, connections, device=weight.device) * connections**-0.5
    return weight.copy_(torch.zeros_like(rows).scatter_(1, chosen, values.to(rows)).view_as(weight))


def inputs(weight: Tensor) -> int:
    """n_in: how many values each unit of a weight (n_out, ...) sums."""
    return weight[0].numel()


NAMED: Mapping[str, Callable[[Tensor], Tensor]] = {
    "he": he,
    "glorot": glorot,
    "inverse_sqrt": inverse_sqrt,
    "small_normal": small_normal,
    "sparse": sparse,
    "zero": zero,
}


def named(name: str) -> Callable[[Tensor], Tensor]:
    """An initialiser. Raises ValueError for a name that is none."""
    if name not in NAMED:
        raise ValueError(f"init must be one of {', '.join(NAMED)}; got '{name}'")
    return NAMED[name]
