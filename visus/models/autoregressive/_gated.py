"""Gated layers of two stacks: the vertical sees the rows above, the horizontal the row so far; no blind spot.

Source: van den Oord et al., 2016, "Conditional Image Generation with PixelCNN Decoders", sections 2.1 to 2.4, figure 2.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...layers.masked import Mask, MaskedConv2d, Trail, colours_of


def gate(maps: Tensor) -> Tensor:
    """tanh of the first half of the features times the sigmoid of the second: (B, 2F, ...) -> (B, F, ...)."""
    signal, opening = maps.chunk(2, 1)
    return signal.tanh() * opening.sigmoid()


def lowered(maps: Tensor) -> Tensor:
    """Each row gets what the row above it told: (B, F, H, W) -> the same, its first row zeros."""
    return F.pad(maps[:, :, :-1], (0, 0, 1, 0))


class GatedLayer(nn.Module):
    """Two maps (B, n_in, H, W), vertical and horizontal -> two maps (B, features, H, W).

    sees: the colour of each feature that comes in. In the horizontal stack colours are told one after another; the
    vertical needs no order, for it is only looked at a row below. reach: pixels to each side, and above.
    """

    def __init__(
        self,
        sees: Tensor,
        features: int,
        n_colours: int,
        n_classes: int,
        *,
        mask: Mask = "B",
        reach: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        own = colours_of(features, n_colours)
        both, all_seen = own.repeat(2), torch.zeros(2 * features, dtype=torch.int64)
        self.vertical = nn.Conv2d(len(sees), 2 * features, (reach + 1, 2 * reach + 1), padding=reach)
        self.horizontal = MaskedConv2d(sees, both, mask, left=reach)
        self.link = MaskedConv2d(all_seen, both, "B", bias=False)
        self.onward = MaskedConv2d(own, own, "B")
        self.label = nn.Embedding(n_classes, 4 * features) if n_classes else None
        self.dropout, self.residual = nn.Dropout(dropout), mask == "B"
        nn.init.normal_(self.vertical.weight, std=self.vertical.weight[0].numel() ** -0.5)
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=0.1)

    def of_label(self, labels: Tensor | None) -> tuple[Tensor | float, Tensor | float]:
        """What a class adds to both stacks, (B, 2F, 1, 1) each; nothing without classes."""
        if self.label is None or labels is None:
            return 0.0, 0.0
        above, beside = self.label(labels)[:, :, None, None].chunk(2, 1)
        return above, beside

    def forward(self, above: Tensor, beside: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        of_above, of_beside = self.of_label(labels)
        looked = self.vertical(above)[:, :, : above.shape[2]] + of_above
        told = self.horizontal(beside) + self.link(lowered(looked)) + of_beside
        onward = self.onward(self.dropout(gate(told)))
        return self.dropout(gate(looked)), beside + onward if self.residual else onward


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
        first = GatedLayer(values, features, n_colours, n_classes, mask="A", reach=kernel // 2, dropout=dropout)
        rest = (GatedLayer(own, features, n_colours, n_classes, dropout=dropout) for _ in range(layers - 1))
        self.layers = nn.ModuleList([first, *rest])
        self.n_colours, self.features = n_colours, features

    def forward(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        above = beside = brightness
        for layer in self.layers:
            above, beside = layer(above, beside, labels)
        return beside

    def steps(self, n: int, width: int, labels: Tensor | None = None) -> "GatedSteps":
        """The same maps of n pictures, place by place."""
        return GatedSteps(self, n, width, labels)


class GatedSteps:
    """The same maps place by place: of the vertical stack a row at a time, of the horizontal a column of features."""

    def __init__(self, trunk: GatedTrunk, n: int, width: int, labels: Tensor | None) -> None:
        self.layers: list[GatedLayer] = list(trunk.layers)  # type: ignore[arg-type]
        self.n_colours, self.own = trunk.n_colours, trunk.features // trunk.n_colours
        self.label = [layer.of_label(labels) for layer in self.layers]
        self.above = [
            layer.vertical.weight.new_zeros(n, layer.vertical.in_channels, layer.vertical.kernel_size[0], width)
            for layer in self.layers
        ]
        self.beside = [Trail(layer.horizontal, n, width) for layer in self.layers]
        self.onward = [Trail(layer.onward, n, 1) for layer in self.layers]
        self.linked: list[list[Tensor]] = []
        self.fresh = True

    def next_row(self, row: Tensor) -> None:
        """Begin the row below `row`, brightness (n, C, W), or the first one, where it is not looked at."""
        self.linked = []
        for number, layer in enumerate(self.layers):
            window = self.above[number]
            of_above, of_beside = self.label[number]
            looked = torch.zeros_like(window[:, :1, -1:]).expand(-1, layer.vertical.out_channels, -1, -1)
            if not self.fresh:
                window = self.above[number] = torch.cat([window[:, :, 1:], row[:, :, None]], 2)
                reach = layer.vertical.padding[1]
                assert isinstance(reach, int)
                weight, bias = layer.vertical.weight, layer.vertical.bias
                looked = F.conv2d(window, weight, bias, padding=(0, reach)) + of_above
                row = gate(looked)[:, :, 0]
            linked = (layer.link(looked) + of_beside)[:, :, 0]  # (n, 2F, W)
            self.linked.append([linked[:, layer.horizontal.tells == c] for c in range(self.n_colours)])
            self.beside[number].next_row()
        self.fresh = False

    def at(self, x: int, colour: int) -> Tensor:
        """Features of one colour at column x of the row: (n, features of it)."""
        place, found = slice(colour * self.own, (colour + 1) * self.own), torch.empty(0)
        for number, layer in enumerate(self.layers):
            told = self.beside[number].at(x, colour) + self.linked[number][colour][:, :, x]
            onward = self.onward[number]
            onward.put(0, place.start, gate(told))
            found = onward.at(0, colour) + (found if layer.residual else 0.0)
            if number + 1 < len(self.layers):
                self.beside[number + 1].put(x, place.start, found)
        return found

    def put(self, x: int, channel: int, brightness: Tensor) -> None:
        """The value of one channel at column x of the row, (n,), as the first layer sees it."""
        self.beside[0].put(x, channel, brightness[:, None])
