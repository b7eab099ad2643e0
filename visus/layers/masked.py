"""Masked convolutions: each place sees only what stands before it, row by row and red, green, blue within a pixel.

Source: van den Oord, Kalchbrenner and Kavukcuoglu, 2016, "Pixel Recurrent Neural Networks", section 3.4.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

Mask = Literal["A", "B"]


def colours_of(features: int, n_colours: int) -> Tensor:
    """Which colour each feature belongs to, int64 (features,): the first part red, then green, then blue.

    Raises ValueError unless each colour gets as many.
    """
    if features % n_colours:
        raise ValueError(f"features are shared out among {n_colours} colours; {features} is no multiple of {n_colours}")
    return torch.arange(n_colours).repeat_interleave(features // n_colours)


class MaskedConv2d(nn.Conv2d):
    """Maps (B, n_in, H, W) -> (B, n_out, H, W), where a place sees `up` rows above it and, in its own row, the left.

    up, left, right: pixels seen in each direction; right only in the rows above. sees, tells: the colour that each
    feature that comes in, and goes out, belongs to, int64 (n_in,), (n_out,). At the place itself a feature sees the
    colours before its own (mask "A", for the first layer, whose inputs are the values that are to be told) or also its
    own ("B", for all others). bias: whether there is one.
    """

    def __init__(
        self, sees: Tensor, tells: Tensor, mask: Mask, up: int = 0, left: int = 0, right: int = 0, bias: bool = True
    ) -> None:
        super().__init__(len(sees), len(tells), (up + 1, left + 1 + right), padding=(up, max(left, right)), bias=bias)
        self.up, self.left, self.right = up, left, right
        here = (sees[None] < tells[:, None]) if mask == "A" else (sees[None] <= tells[:, None])
        shown = torch.ones_like(self.weight)
        shown[:, :, -1, left + 1 :] = 0
        shown[:, :, -1, left] = here.to(shown)
        self.shown: Tensor
        self.register_buffer("shown", shown, persistent=False)
        self.tells: Tensor
        self.register_buffer("tells", tells, persistent=False)
        # the deviation that keeps the size of signals, of the weights that are there
        nn.init.normal_(self.weight, std=1 / math.sqrt(max(1.0, float(shown[-1].sum()))))
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    @property
    def masked(self) -> Tensor:
        """The weight with zeros where nothing may be seen, (n_out, n_in, up + 1, left + 1 + right)."""
        return self.weight * self.shown

    def forward(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[2:]
        first = max(self.left, self.right) - self.left  # padded alike on both sides; what looks too far is cut off
        return self._conv_forward(maps, self.masked, self.bias)[:, :, :height, first : first + width]


class Trail:
    """The last rows of the maps that go into one masked convolution, for telling its outputs place by place.

    Holds (B, up + 1, left + W + right, n_in); the convolution at one place is the product of a window of it with a
    matrix, of which only the rows of one colour are taken at a time.
    """

    def __init__(self, layer: MaskedConv2d, n: int, width: int) -> None:
        self.layer = layer
        self.rows = layer.weight.new_zeros(n, layer.up + 1, layer.left + width + layer.right, layer.in_channels)
        matrix = layer.masked.permute(0, 2, 3, 1).flatten(1)
        n_colours = int(layer.tells.max()) + 1
        places = [(layer.tells == colour).nonzero().flatten() for colour in range(n_colours)]
        self.matrices = [matrix[some].T.contiguous() for some in places]
        self.biases = [None if layer.bias is None else layer.bias[some] for some in places]

    def next_row(self) -> None:
        """Move one row down: what was the last row is the one above now."""
        self.rows = torch.cat([self.rows[:, 1:], torch.zeros_like(self.rows[:, :1])], 1)

    def put(self, x: int, first: int, values: Tensor) -> None:
        """Features `first`, first + 1, ... of column x of the last row: (B, some)."""
        self.rows[:, -1, self.layer.left + x, first : first + values.shape[1]] = values

    def at(self, x: int, colour: int) -> Tensor:
        """What the convolution tells at column x of the last row, its features of one colour: (B, n_out of it)."""
        window = self.rows[:, :, x : x + self.layer.left + 1 + self.layer.right].flatten(1)
        bias = self.biases[colour]
        return window @ self.matrices[colour] if bias is None else torch.addmm(bias, window, self.matrices[colour])
