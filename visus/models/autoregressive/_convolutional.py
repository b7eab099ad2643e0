"""An autoregressive network of convolutions: a trunk that sees what stands before, and two layers that tell.

Drawn with cached activations: of each layer the rows that are still looked at are kept, and at each value only the new
column of features is computed. The same pictures as by `sample_naively`, for a share of the work that is about one in
the number of values.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from ...data.canvas import Canvas
from ...layers.masked import MaskedConv2d, Trail, colours_of
from ._contract import Autoregressive, Walk
from ._heads import Head

START = 0.01  # of the telling weights, against the size that keeps signals: at first every level is as likely


class Steps(Protocol):
    """A trunk, place by place."""

    def next_row(self, row: Tensor | None = None) -> None:
        """Begin a row below `row`, brightness (n, C, W); None: the first one."""
        ...

    def at(self, x: int, colour: int) -> Tensor:
        """Features of one colour at column x of the row, (n, some)."""
        ...

    def put(self, x: int, channel: int, brightness: Tensor) -> None:
        """The value of one channel at column x of the row, (n,)."""
        ...


class Trunk(Protocol):
    """What stands before the telling layers: brightness (B, C, H, W) from -1 to 1 -> maps (B, features, H, W)."""

    features: int
    n_colours: int

    def __call__(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor: ...

    def steps(self, n: int, width: int, labels: Tensor | None = None) -> Steps: ...


class Convolutional(Autoregressive):
    """Brightness (B, C, H, W) from -1 to 1 -> the numbers of a head (B, head.width, H, W).

    hidden: features between the two layers that tell.
    """

    def __init__(self, canvas: Canvas, n_classes: int, head: Head, trunk: nn.Module, hidden: int) -> None:
        super().__init__(canvas, n_classes, head)
        self.trunk = trunk
        inner = colours_of(hidden, head.n_colours)
        self.hidden = MaskedConv2d(colours_of(self._trunk.features, head.n_colours), inner, "B")
        self.tell = MaskedConv2d(inner, head.colours, "B")
        with torch.no_grad():
            self.tell.weight *= START
            start = head.start()
            if start is not None and self.tell.bias is not None:
                self.tell.bias.copy_(start)

    @property
    def _trunk(self) -> Trunk:
        return self.trunk  # type: ignore[return-value]

    def forward(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        # channels last: one channel alone looks alike in both layouts, and torch would mix them, and copy, from here on
        last = brightness.permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format).permute(0, 3, 1, 2)
        numbers: Tensor = self.tell(self.hidden(self.trunk(last, labels).relu()).relu())
        return numbers

    def walk(self, n: int, labels: Tensor | None = None) -> Walk:
        return Cached(self, n, labels)


def shared(features: int, n_colours: int) -> int:
    """The number of features, rounded up so that each colour gets as many."""
    return -(-features // n_colours) * n_colours


def check(kernel: int, **counts: int) -> None:
    """Raise ValueError unless the window has a middle, and each of the counts is at least 1."""
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}")
    if kernel < 3 or kernel % 2 == 0:
        raise ValueError(f"kernel, the side of a window with a middle, must be odd and at least 3; got {kernel}")


class Cached:
    """A walk that computes at each value only the features that are new."""

    def __init__(self, model: Convolutional, n: int, labels: Tensor | None) -> None:
        self.model, self.head, self.width = model, model.head, model.canvas.width
        self.steps = model._trunk.steps(n, self.width, labels)
        self.hidden, self.told = Trail(model.hidden, n, 1), Trail(model.tell, n, 1)
        weight = model.tell.weight
        self.numbers = weight.new_zeros(n, model.head.width, 1, 1)
        self.row = torch.zeros(n, model.canvas.channels, self.width, dtype=torch.uint8, device=weight.device)
        self.x = self.channel = 0
        self.steps.next_row()

    def tell(self) -> Tensor:
        if self.channel < self.head.n_colours:
            colour, own = self.channel, self.model.hidden.in_channels // self.head.n_colours
            self.hidden.put(0, colour * own, self.steps.at(self.x, colour).relu())
            inner = self.hidden.at(0, colour).relu()
            self.told.put(0, colour * inner.shape[1], inner)
            told = self.told.at(0, colour)
            self.numbers[:, colour * told.shape[1] : (colour + 1) * told.shape[1], 0, 0] = told
        levels = self.row[:, :, self.x, None, None]
        return self.head.channel(self.numbers.float(), levels, self.channel)[:, :, 0, 0]

    def put(self, values: Tensor) -> None:
        self.row[:, self.channel, self.x] = values
        self.steps.put(self.x, self.channel, self.model.brightness(values))
        self.channel += 1
        if self.channel == self.model.canvas.channels:
            self.x, self.channel = self.x + 1, 0
        if self.x == self.width:
            self.x = 0
            self.steps.next_row(self.model.brightness(self.row))
