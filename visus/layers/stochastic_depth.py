"""Stochastic depth: train with random residual branches left out, answer with all of them."""

from torch import Tensor, nn

from .dropout import check_share


class StochasticDepth(nn.Module):
    """What a residual branch adds, (B, ...) -> (B, ...): dropped as a whole, example by example, with probability p.

    Write x + drop(branch(x)). What is kept is divided by 1 - p, as inverted dropout does; the paper multiplies in use
    instead, with the same expectations. Source: Huang et al., 2016. Noise in training and its average in use is also
    what fractional max pooling does: torch has it as `nn.FractionalMaxPool2d`.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = check_share(p)

    def forward(self, branch: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return branch
        kept = branch.new_empty(len(branch), *[1] * (branch.ndim - 1)).bernoulli_(1 - self.p)
        return branch * kept / (1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"
