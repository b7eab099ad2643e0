"""A locally connected layer: a convolution whose filters are not shared, so that every place has its own."""

import math

import torch
from torch import Tensor, nn

from ..geometry.arithmetic import conv_output
from ..geometry.columns import im2col


class LocallyConnected(nn.Module):
    """Maps of one size (B, C, H, W) -> (B, K, h, w); for pictures that are aligned, such as faces.

    Parameters: places * K * (C * field * field + 1), where a convolution has K * (C * field * field + 1). Raises
    ValueError for a size at which the window does not stand at a whole number of places. Source: LeCun, 1989.
    """

    def __init__(
        self, channels: int, filters: int, size: tuple[int, int], field: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.size, self.field, self.stride, self.padding = size, field, stride, padding
        self.places = [conv_output(side, field, stride, padding) for side in size]
        n_places, n_in = math.prod(self.places), channels * field * field
        self.weight = nn.Parameter(torch.empty(n_places, filters, n_in).normal_(std=math.sqrt(2 / n_in)))
        self.bias = nn.Parameter(torch.zeros(filters, n_places))

    @property
    def window(self) -> tuple[int, int]:
        """(field, stride): what one place looks at."""
        return self.field, self.stride

    def forward(self, x: Tensor) -> Tensor:
        if tuple(x.shape[2:]) != tuple(self.size):
            raise ValueError(
                f"every place has filters of its own: made for {self.size[0]} x {self.size[1]} px, got "
                f"{x.shape[2]} x {x.shape[3]}; resize the pictures, or share the filters with a convolution"
            )
        columns = im2col(x, self.field, self.stride, self.padding)  # (B, CFF, L)
        scores = torch.einsum("bil,lki->bkl", columns, self.weight) + self.bias
        return scores.unflatten(2, (self.places[0], self.places[1]))

    def extra_repr(self) -> str:
        return f"size={self.size}, field={self.field}, stride={self.stride}, padding={self.padding}"
