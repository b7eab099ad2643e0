"""Dropout: train with random units set to 0, answer with the average of all those thinned networks.

Every form keeps the promise that a unit's expected value in training is its value in use. Inverted dropout divides by
the share that is KEPT while it trains, vanilla dropout multiplies by the share that is KEPT when it is used. (Some
notes multiply by the probability to drop, which is right at 0.5 alone.) Source: Srivastava et al., 2014.

`p` is the probability to drop, as in torch; course notes call the share that is kept `p`.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

Drop = Literal["inverted", "vanilla", "dropconnect"]

InvertedDropout = nn.Dropout
SpatialDropout = nn.Dropout2d  # whole channels of (B, C, H, W): neighbouring pixels know what a single one was


def inverted(x: Tensor, kept: Tensor, keep: float) -> Tensor:
    """x where `kept`, over `keep`; else 0. The one place that is random, `kept`, comes from the caller.

    x, kept: any one shape, `kept` true or false. keep: the probability that an entry is kept, in (0, 1].
    """
    return x * kept.to(x.dtype) / keep


class VanillaDropout(nn.Module):
    """Drop in training without a correction; in use multiply by the share that was kept, 1 - p. Any shape.

    Inverted dropout has the same expectations and leaves the network in use as it is, which is why it is preferred.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = check_share(p)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.p:
            return x * torch.empty_like(x).bernoulli_(1 - self.p)
        return x * (1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"


def check_share(p: float) -> float:
    """`p` if it is a probability that leaves something over, in [0, 1). Raises ValueError."""
    if not 0 <= p < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, for example 0.5; got {p}")
    return p


OF_UNITS: Mapping[str, Callable[[float], nn.Module]] = {"inverted": InvertedDropout, "vanilla": VanillaDropout}
