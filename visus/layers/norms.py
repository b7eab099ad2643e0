"""Normalisation by name, between a linear layer and its activation: batch, layer, group.

    batch  each feature over the batch; running averages in use; a regulariser too, since each example is seen beside
           random others; needs batches of more than one example
    layer  all features of an example
    group  groups of features of an example

All three learn a scale and a shift for each feature. torch has them; over the channels of pictures (B, C, H, W) batch
normalisation is called spatial and is `nn.BatchNorm2d`. Sources: Ioffe and Szegedy, 2015; Ba et al., 2016; Wu and He,
2018.
"""

from collections.abc import Callable
from typing import Literal

from torch import nn

Norm = Literal["none", "batch", "layer", "group"]
GROUPS = 32  # at most, as Wu and He propose
SMALLEST = 16  # features in a group: of two features alone, normalisation would leave nothing but which is larger


def of_features(name: str, n: int) -> nn.Module | None:
    """A fresh normalisation of (B, n) features; None for 'none'. Raises ValueError for another name."""
    known: dict[str, Callable[[], nn.Module | None]] = {
        "none": lambda: None,
        "batch": lambda: nn.BatchNorm1d(n),
        "layer": lambda: nn.LayerNorm(n),
        "group": lambda: nn.GroupNorm(groups(n), n),
    }
    if name not in known:
        raise ValueError(f"norm must be one of {', '.join(known)}; got '{name}'")
    return known[name]()


def groups(n: int) -> int:
    """How many equal groups n features make: as many as may be, at most GROUPS, each of SMALLEST or more."""
    return max((g for g in range(1, GROUPS + 1) if n % g == 0 and n // g >= SMALLEST), default=1)
