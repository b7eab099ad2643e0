"""Observations with mean 0 and deviation 1 by what was seen so far: worlds do not say in which units they speak."""

import torch
from torch import Tensor, nn

FURTHEST = 10.0  # deviations; what is rarer is held there, or one strange observation could move everything


class RunningNorm(nn.Module):
    """(B, *shape) -> float (B, *shape). Changes only when it is told to by `take_in`, so that all of a rollout is seen
    with the same eyes. mean, var, count: of all that was taken in, buffers; until then nothing is changed.
    """

    mean: Tensor
    var: Tensor
    count: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("var", torch.ones(shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def forward(self, observations: Tensor) -> Tensor:
        return ((observations - self.mean) * (self.var + 1e-8).rsqrt()).clamp(-FURTHEST, FURTHEST)

    @torch.no_grad()
    def take_in(self, observations: Tensor) -> None:
        """Join the mean and variance of observations (N, *shape) to the past ones. Source: Chan et al., 1979."""
        new = observations.double()
        n, mean, var = len(new), new.mean(0), new.var(0, correction=0)
        total = self.count + n
        shift, old = mean - self.mean, self.count * self.var.double()
        joined = (old + n * var + shift.square() * self.count * n / total) / total
        self.mean += (shift * n / total).to(self.mean)
        self.var.copy_(joined)
        self.count.copy_(total)
