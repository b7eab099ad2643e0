"""A trunk of recurrent layers: a masked convolution, then layers that carry a state over the picture, each added to.

Source: van den Oord, Kalchbrenner and Kavukcuoglu, 2016, "Pixel Recurrent Neural Networks", sections 3.3 and 3.4, and
table 1.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

from ...data.canvas import Canvas
from ...layers.masked import MaskedConv2d, Trail, colours_of
from ._convolutional import Convolutional, check, shared
from ._heads import Softmax

REMEMBERS = 1.0  # where the forget gates start (Jozefowicz et al., 2015)


class Carrying(Protocol):
    """The steps of a recurrent layer, which keeps the state of what was passed."""

    def next_row(self) -> None:
        """Begin the next row, from the top."""
        ...

    def at(self, x: int, colour: int, maps: Tensor) -> Tensor:
        """States of one colour at column x, (n, some), where its input of that colour is `maps`, (n, some)."""
        ...


class Residual(nn.Module):
    """Maps (B, F, H, W) and what a recurrent layer of H = F / 2 states makes of them, brought to F maps, added."""

    def __init__(self, layer: nn.Module, own: Tensor, states: Tensor) -> None:
        super().__init__()
        self.layer, self.onward = layer, MaskedConv2d(states, own, "B")

    def forward(self, maps: Tensor, labels: Tensor | None) -> Tensor:
        added: Tensor = self.onward(self.layer(maps, labels))
        return maps + added


class RecurrentTrunk(nn.Module):
    """Brightness (B, C, H, W) from -1 to 1 -> maps (B, features, H, W) of all that stands before each place.

    of: makes one recurrent layer, given the colours of its inputs and of its states and the number of classes. kernel:
    side of the first window.
    """

    def __init__(
        self,
        of: Callable[[Tensor, Tensor, int], nn.Module],
        channels: int,
        n_colours: int,
        n_classes: int,
        features: int,
        layers: int,
        kernel: int,
    ) -> None:
        super().__init__()
        own, states = colours_of(features, n_colours), colours_of(features // 2, n_colours)
        r = kernel // 2
        self.first = MaskedConv2d(colours_of(channels, n_colours), own, "A", up=r, side=r)
        self.layers = nn.ModuleList(Residual(of(own, states, n_classes), own, states) for _ in range(layers))
        self.n_colours, self.features = n_colours, features

    def forward(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        maps: Tensor = self.first(brightness)
        for layer in self.layers:
            maps = layer(maps, labels)
        return maps

    def steps(self, n: int, width: int, labels: Tensor | None = None) -> "RecurrentSteps":
        """The same maps of n pictures, place by place."""
        return RecurrentSteps(self, n, width, labels)


class RecurrentSteps:
    """The same maps place by place: what a layer carries is all that is kept of the rows above."""

    def __init__(self, trunk: RecurrentTrunk, n: int, width: int, labels: Tensor | None) -> None:
        blocks: list[Residual] = list(trunk.layers)  # type: ignore[arg-type]
        self.first = Trail(trunk.first, n, width)
        self.layers: list[Carrying] = [block.layer.steps(n, width, labels) for block in blocks]  # type: ignore[operator]
        self.onward = [Trail(block.onward, n, 1) for block in blocks]

    def next_row(self, row: Tensor | None = None) -> None:
        self.first.next_row()
        for layer in self.layers:
            layer.next_row()

    def at(self, x: int, colour: int) -> Tensor:
        found = self.first.at(x, colour)
        for layer, onward in zip(self.layers, self.onward, strict=True):
            told = layer.at(x, colour, found)
            onward.put(0, colour * told.shape[1], told)
            found = found + onward.at(0, colour)
        return found

    def put(self, x: int, channel: int, brightness: Tensor) -> None:
        self.first.put(x, channel, brightness[:, None])


class Labelled(nn.Module):
    """What a class adds to the sums before the gates, (B, 4S, 1, 1); nothing without classes (2016b, section 2.4)."""

    def __init__(self, n_classes: int, states: int) -> None:
        super().__init__()
        self.table = nn.Embedding(n_classes, 4 * states) if n_classes else None
        if self.table is not None:
            nn.init.normal_(self.table.weight, std=0.1)

    def forward(self, labels: Tensor | None) -> Tensor | float:
        if self.table is None or labels is None:
            return 0.0
        added: Tensor = self.table(labels)[:, :, None, None]
        return added


def start_remembering(look: nn.Conv2d) -> None:
    """Let the forget gates, second of four in the biases of a layer that looks at its input, start open."""
    assert look.bias is not None
    with torch.no_grad():
        look.bias.chunk(4)[1].fill_(REMEMBERS)


def start_carrying(weight: Tensor) -> None:
    """The deviation that keeps the size of signals."""
    nn.init.normal_(weight, std=weight[0].numel() ** -0.5)


def of_colours(tells: Tensor) -> list[Tensor]:
    """Places of each colour's features."""
    return [(tells == colour).nonzero().flatten() for colour in range(int(tells.max()) + 1)]


def build(
    layer: Callable[[Tensor, Tensor, int], nn.Module],
    canvas: Canvas,
    n_classes: int = 0,
    features: int = 32,
    layers: int = 3,
    kernel: int = 7,
    hidden: int = 128,
) -> Convolutional:
    """layer: see `RecurrentTrunk`. features: maps between layers, shared out among the colours; a layer carries half
    as many. layers: of LSTM. kernel: side of the first layer's window in pixels, odd. hidden: maps between the two
    layers that tell.
    """
    check(kernel, features=features, layers=layers, hidden=hidden)
    head = Softmax(canvas)
    features, hidden = shared(features, 2 * head.n_colours), shared(hidden, head.n_colours)
    trunk = RecurrentTrunk(layer, canvas.channels, head.n_colours, n_classes, features, layers, kernel)
    return Convolutional(canvas, n_classes, head, trunk, hidden)
