"""DropConnect: a linear layer that trains with random weights, rather than units, set to 0."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .dropout import check_share


class DropConnectLinear(nn.Linear):
    """Features (B, n_in) -> (B, n_out). Each weight is 0 with probability p, drawn anew for every batch.

    The weights that are kept are divided by 1 - p, so the layer in use takes its mean weights, uncorrected. Biases are
    always kept. Differs from the paper: one draw a batch, not one an example, and in use the mean weights, not samples
    of a normal distribution. Source: Wan et al., 2013.
    """

    def __init__(self, n_in: int, n_out: int, p: float = 0.5, bias: bool = True) -> None:
        super().__init__(n_in, n_out, bias)
        self.p = check_share(p)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return super().forward(x)
        kept = torch.empty_like(self.weight).bernoulli_(1 - self.p)
        return F.linear(x, self.weight * kept / (1 - self.p), self.bias)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, p={self.p}"
