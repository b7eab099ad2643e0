"""Masked convolutions: each place sees only what stands before it, row by row and red, green, blue within a pixel.

Weights of what stands behind are there, and are held at zero: with a window that reaches as far to every side, no map
has to be padded and cut, which takes longer than to multiply by zeros.

Source: van den Oord, Kalchbrenner and Kavukcuoglu, 2016, "Pixel Recurrent Neural Networks", section 3.4; the masks of
a vertical stack: van den Oord et al., 2016, "Conditional Image Generation with PixelCNN Decoders", section 2.2.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Mask = Literal["A", "B", "above", "row"]


def colours_of(features: int, n_colours: int) -> Tensor:
    """Which colour each feature belongs to, int64 (features,): the first part red, then green, then blue.

    Raises ValueError unless each colour gets as many.
    """
    if features % n_colours:
        raise ValueError(f"features are shared out among {n_colours} colours; {features} is no multiple of {n_colours}")
    return torch.arange(n_colours).repeat_interleave(features // n_colours)


class MaskedConv2d(nn.Conv2d):
    """Maps (B, n_in, H, W) -> (B, n_out, H, W), of which a place sees a part of a window around it.

    sees, tells: the colour that each feature that comes in, and goes out, belongs to, int64 (n_in,), (n_out,).
    up, side: pixels that are seen above, and to both sides.
    mask: which part. "A": rows above, what is left in its own row, and at the place itself the colours before its own:
    for the first layer, whose inputs are the values to be told. "B": the same and its own colour: for all others.
    "above": rows above alone; "row": those and its own row as a whole, where that tells of no more than rows above.
    """

    def __init__(
        self, sees: Tensor, tells: Tensor, mask: Mask, up: int = 0, side: int = 0, *, bias: bool = True
    ) -> None:
        super().__init__(len(sees), len(tells), (2 * up + 1, 2 * side + 1), padding=(up, side), bias=bias)
        self.up, self.side = up, side
        shown = torch.zeros_like(self.weight)
        shown[:, :, :up] = 1
        if mask == "row":
            shown[:, :, up] = 1
        elif mask != "above":
            shown[:, :, up, :side] = 1
            shown[:, :, up, side] = sees[None] < tells[:, None] if mask == "A" else sees[None] <= tells[:, None]
        self.shown: Tensor
        self.register_buffer("shown", shown, persistent=False)
        self.tells: Tensor
        self.register_buffer("tells", tells, persistent=False)
        # the deviation that keeps the size of signals, of as many weights as are seen
        nn.init.normal_(self.weight, std=1 / math.sqrt(max(1.0, float(shown[-1].sum()))))
        with torch.no_grad():
            self.weight *= shown  # what is never seen is never learned: it is not to be taken for noise in the filters
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    @property
    def masked(self) -> Tensor:
        """The weight with zeros where nothing may be seen, (n_out, n_in, 2 up + 1, 2 side + 1)."""
        return self.weight * self.shown

    def forward(self, maps: Tensor) -> Tensor:
        return self._conv_forward(maps, self.masked, self.bias)

    def halves(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """The same in two: features up to the middle, and from there on, each laid out by itself in memory."""
        first, second = self.masked.chunk(2)
        if self.bias is None:
            return self._conv_forward(maps, first, None), self._conv_forward(maps, second, None)
        of_first, of_second = self.bias.chunk(2)
        return self._conv_forward(maps, first, of_first), self._conv_forward(maps, second, of_second)

    def of_row(self, rows: Tensor) -> Tensor:
        """What it tells at the last of `up + 1` rows, (B, n_in, up + 1, W) -> (B, n_out, W)."""
        return F.conv2d(rows, self.masked[:, :, : self.up + 1], self.bias, padding=(0, self.side))[:, :, 0]


class Trail:
    """The last rows of the maps that go into one masked convolution, for telling its outputs place by place.

    Holds (B, up + 1, W and what is seen beside it, n_in); the convolution at one place is the product of a window of it
    with a matrix, of which only the features of one colour are taken at a time.
    """

    def __init__(self, layer: MaskedConv2d, n: int, width: int) -> None:
        self.side, right = layer.side, layer.side if layer.up else 0  # in its own row nothing to the right is seen
        self.span = self.side + 1 + right
        self.rows = layer.weight.new_zeros(n, layer.up + 1, width + self.side + right, layer.in_channels)
        matrix = layer.masked[:, :, : layer.up + 1, : self.span].permute(0, 2, 3, 1).flatten(1)
        places = [(layer.tells == colour).nonzero().flatten() for colour in range(int(layer.tells.max()) + 1)]
        self.matrices = [matrix[some].T.contiguous() for some in places]
        self.biases = [None if layer.bias is None else layer.bias[some] for some in places]

    def next_row(self) -> None:
        """Move one row down: what was the last row is the one above now."""
        self.rows = torch.cat([self.rows[:, 1:], torch.zeros_like(self.rows[:, :1])], 1)

    def put(self, x: int, first: int, values: Tensor) -> None:
        """Features `first`, first + 1, ... of column x of the last row: (B, some)."""
        self.rows[:, -1, self.side + x, first : first + values.shape[1]] = values

    def at(self, x: int, colour: int) -> Tensor:
        """What the convolution tells at column x of the last row, its features of one colour: (B, n_out of it)."""
        window = self.rows[:, :, x : x + self.span].flatten(1)
        bias = self.biases[colour]
        return window @ self.matrices[colour] if bias is None else torch.addmm(bias, window, self.matrices[colour])
