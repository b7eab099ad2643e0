"""Gated layers of two stacks: the vertical sees the rows above, the horizontal the row so far; no blind spot.

Source: van den Oord et al., 2016, "Conditional Image Generation with PixelCNN Decoders", sections 2.1 to 2.4, figure 2.
Differs from it: the horizontal stack looks at the vertical one behind its gate, which takes two thirds of the time.
"""

import torch
from torch import Tensor, nn

from ...layers.masked import Mask, MaskedConv2d, Trail, colours_of
from ._convolutional import Steps


def gate(signal: Tensor, opening: Tensor) -> Tensor:
    """How much of a signal passes: tanh(signal) sigmoid(opening)."""
    return signal.tanh() * opening.sigmoid()


class GatedLayer(nn.Module):
    """Two maps (B, n_in, H, W), vertical and horizontal -> two maps (B, features, H, W).

    sees: the colour of each feature that comes in. In the horizontal stack colours are told one after another; the
    vertical needs no order, for at a place it knows of rows above alone. reach: pixels to each side, and above.
    first: whether what comes in are the values to be told.
    """

    def __init__(
        self,
        sees: Tensor,
        features: int,
        n_colours: int,
        n_classes: int,
        *,
        first: bool = False,
        reach: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        own = colours_of(features, n_colours)
        both, known = own.repeat(2), torch.zeros(features, dtype=torch.int64)
        masks: tuple[Mask, Mask] = ("above", "A") if first else ("row", "B")
        self.vertical = MaskedConv2d(sees, both, masks[0], up=reach, side=reach)
        self.horizontal = MaskedConv2d(sees, both, masks[1], side=reach)
        self.link = MaskedConv2d(known, both, "B", bias=False)
        self.onward = MaskedConv2d(own, own, "B")
        self.label = nn.Embedding(n_classes, 4 * features) if n_classes else None
        self.dropout, self.residual = nn.Dropout(dropout), not first
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=0.1)

    def of_label(self, labels: Tensor | None) -> tuple[Tensor | float, Tensor | float]:
        """What a class adds to both stacks, (B, 2 features, 1, 1) each; nothing without classes."""
        if self.label is None or labels is None:
            return 0.0, 0.0
        above, beside = self.label(labels)[:, :, None, None].chunk(2, 1)
        return above, beside

    def forward(self, above: Tensor, beside: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        looked = self.vertical.halves(above)
        told = self.horizontal.halves(beside)
        if self.label is not None and labels is not None:
            of_looked, of_told = (part.chunk(2, 1) for part in self.of_label(labels))  # type: ignore[union-attr]
            looked = (looked[0] + of_looked[0], looked[1] + of_looked[1])
            told = (told[0] + of_told[0], told[1] + of_told[1])
        above = self.dropout(gate(*looked))
        signal, opening = self.link.halves(above)
        onward = self.onward(self.dropout(gate(told[0] + signal, told[1] + opening)))
        return above, beside + onward if self.residual else onward


class GatedTrunk(nn.Module):
    """Brightness (B, C, H, W) from -1 to 1 -> maps (B, features, H, W) of all that stands before each place.

    n_colours: 3 where colours of a pixel are told one after another; 1 where a pixel is told at once, from those before
    it alone. kernel: side of the first layer's window; the others' is 3.
    """

    def __init__(
        self, channels: int, n_colours: int, n_classes: int, features: int, layers: int, kernel: int, dropout: float
    ) -> None:
        super().__init__()
        own, values = colours_of(features, n_colours), colours_of(channels, n_colours)
        first = GatedLayer(values, features, n_colours, n_classes, first=True, reach=kernel // 2, dropout=dropout)
        rest = (GatedLayer(own, features, n_colours, n_classes, dropout=dropout) for _ in range(layers - 1))
        self.layers = nn.ModuleList([first, *rest])
        self.n_colours, self.features = n_colours, features

    def forward(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        above = beside = brightness
        for layer in self.layers:
            above, beside = layer(above, beside, labels)
        return beside

    def steps(self, n: int, width: int, labels: Tensor | None = None) -> Steps:
        """The same maps of n pictures, place by place."""
        return GatedSteps(self, n, width, labels)


class GatedSteps:
    """The maps of a trunk place by place: of the vertical stack a row at a time, of the horizontal one place."""

    def __init__(self, trunk: GatedTrunk, n: int, width: int, labels: Tensor | None) -> None:
        self.layers: list[GatedLayer] = list(trunk.layers)  # type: ignore[arg-type]
        self.n_colours, self.own = trunk.n_colours, trunk.features // trunk.n_colours
        self.label = [layer.of_label(labels) for layer in self.layers]
        self.above = [
            layer.vertical.weight.new_zeros(n, layer.vertical.in_channels, layer.vertical.up + 1, width)
            for layer in self.layers
        ]
        self.beside = [Trail(layer.horizontal, n, width) for layer in self.layers]
        self.onward = [Trail(layer.onward, n, 1) for layer in self.layers]
        self.linked: list[list[Tensor]] = []

    def next_row(self, row: Tensor | None = None) -> None:
        # the first layer sees rows above alone: its own row stays black, and has no weight
        self.linked, first = [], self.above[0]
        if row is not None:
            self.above[0] = torch.cat([first[:, :, 1:-1], row[:, :, None], torch.zeros_like(first[:, :, :1])], 2)
        for number, layer in enumerate(self.layers):
            of_above, of_beside = self.label[number]
            looked = layer.vertical.of_row(self.above[number])[:, :, None] + of_above
            above = gate(*looked.chunk(2, 1))
            if number + 1 < len(self.layers):
                self.above[number + 1] = torch.cat([self.above[number + 1][:, :, 1:], above], 2)
            linked = (layer.link(above) + of_beside)[:, :, 0]  # (n, 2 features, W)
            self.linked.append([linked[:, layer.horizontal.tells == c] for c in range(self.n_colours)])
            self.beside[number].next_row()

    def at(self, x: int, colour: int) -> Tensor:
        first, found = colour * self.own, torch.empty(0)
        for number, layer in enumerate(self.layers):
            told = self.beside[number].at(x, colour) + self.linked[number][colour][:, :, x]
            onward = self.onward[number]
            onward.put(0, first, gate(*told.chunk(2, 1)))
            found = onward.at(0, colour) + (found if layer.residual else 0.0)
            if number + 1 < len(self.layers):
                self.beside[number + 1].put(x, first, found)
        return found

    def put(self, x: int, channel: int, brightness: Tensor) -> None:
        self.beside[0].put(x, channel, brightness[:, None])
