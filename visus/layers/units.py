"""From standardised numbers to the units of what was measured: the last layer of a model that tells numbers."""

import torch
from torch import Tensor, nn

SMALLEST = 1e-12  # a number that never changes is not divided by 0


class Units(nn.Module):
    """Standardised numbers (B, T) -> numbers (B, T) in the units of the truth: x * spread + centre.

    A network that has to hit 34 years with weights near 0 first spends its steps on finding the mean. centre and spread
    are buffers: mean and deviation of the training part's truth, saved with the weights.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, n: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n))
        self.register_buffer("spread", torch.ones(n))

    def fit(self, truth: Tensor) -> "Units":
        """Take mean and deviation of the truth (N, T) of a training part."""
        self.centre.copy_(truth.mean(0))
        deviation = truth.std(0, correction=0)
        self.spread.copy_(torch.where(deviation > SMALLEST, deviation, 1.0))
        return self

    def forward(self, standardised: Tensor) -> Tensor:
        # bfloat16 would round an age of 34.2 years to 34.25; float64 stays, for the gradient check
        wide = standardised.to(torch.promote_types(standardised.dtype, torch.float32))
        return wide * self.spread + self.centre

    def standardised(self, numbers: Tensor) -> Tensor:
        """The way back: numbers (B, T) with mean 0 and deviation 1 over the training part."""
        centre, spread = self.centre.to(numbers.device), self.spread.to(numbers.device)
        return (numbers - centre) / spread
