"""Residual blocks of one stack of masked convolutions.

One stack of 3 x 3 masks has a blind spot: what stands above to the right, at an angle of more than 45 degrees, reaches
no place, however many layers there are (van den Oord et al., 2016b, section 2.2 and figure 1).
Source: van den Oord et al., 2016, "Pixel Recurrent Neural Networks", section 3.2, figure 5 on the left, and table 1.
"""

from torch import Tensor, nn

from ...layers.masked import MaskedConv2d, Trail, colours_of
from ._convolutional import Steps


class Block(nn.Module):
    """Maps (B, 2h, H, W) -> the same, plus what a masked window tells of them through h features."""

    def __init__(self, features: int, n_colours: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        wide, narrow = colours_of(features, n_colours), colours_of(features // 2, n_colours)
        self.narrow = MaskedConv2d(wide, narrow, "B")
        self.look = MaskedConv2d(narrow, narrow, "B", up=1, side=1)
        self.widen = MaskedConv2d(narrow, wide, "B")
        self.label = nn.Embedding(n_classes, features // 2) if n_classes else None
        self.dropout = nn.Dropout(dropout)
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=0.1)

    def of_label(self, labels: Tensor | None) -> Tensor | float:
        """What a class adds to what was looked at, (B, h); nothing without classes."""
        return 0.0 if self.label is None or labels is None else self.label(labels)

    def forward(self, maps: Tensor, labels: Tensor | None) -> Tensor:
        looked: Tensor = self.look(self.narrow(maps.relu()).relu())
        if self.label is not None and labels is not None:
            looked = looked + self.label(labels)[:, :, None, None]
        widened: Tensor = self.widen(self.dropout(looked.relu()))
        return maps + widened


class ResidualTrunk(nn.Module):
    """Brightness (B, C, H, W) from -1 to 1 -> maps (B, features, H, W). kernel: side of the first layer's window."""

    def __init__(
        self, channels: int, n_colours: int, n_classes: int, features: int, layers: int, kernel: int, dropout: float
    ) -> None:
        super().__init__()
        values, reach = colours_of(channels, n_colours), kernel // 2
        self.first = MaskedConv2d(values, colours_of(features, n_colours), "A", up=reach, side=reach)
        self.blocks = nn.ModuleList(Block(features, n_colours, n_classes, dropout) for _ in range(layers))
        self.n_colours, self.features = n_colours, features

    def forward(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        maps: Tensor = self.first(brightness)
        for block in self.blocks:
            maps = block(maps, labels)
        return maps

    def steps(self, n: int, width: int, labels: Tensor | None = None) -> Steps:
        """The same maps of n pictures, place by place."""
        return ResidualSteps(self, n, width, labels)


class ResidualSteps:
    """The maps of a trunk place by place."""

    def __init__(self, trunk: ResidualTrunk, n: int, width: int, labels: Tensor | None) -> None:
        blocks: list[Block] = list(trunk.blocks)  # type: ignore[arg-type]
        self.n_colours = trunk.n_colours
        self.own, self.inner = trunk.features // trunk.n_colours, trunk.features // 2 // trunk.n_colours
        self.first = Trail(trunk.first, n, width)
        self.narrow, self.widen = (
            [Trail(layer, n, 1) for layer in of] for of in zip(*((b.narrow, b.widen) for b in blocks), strict=True)
        )
        self.look = [Trail(block.look, n, width) for block in blocks]
        self.label = [self._by_colour(block.of_label(labels)) for block in blocks]

    def _by_colour(self, of_label: Tensor | float) -> list[Tensor | float]:
        if isinstance(of_label, float):
            return [of_label] * self.n_colours
        return list(of_label.chunk(self.n_colours, 1))

    def next_row(self, row: Tensor | None = None) -> None:
        for trail in (self.first, *self.look):
            trail.next_row()

    def at(self, x: int, colour: int) -> Tensor:
        found = self.first.at(x, colour)
        for narrow, look, widen, label in zip(self.narrow, self.look, self.widen, self.label, strict=True):
            narrow.put(0, colour * self.own, found.relu())
            look.put(x, colour * self.inner, narrow.at(0, colour).relu())
            widen.put(0, colour * self.inner, (look.at(x, colour) + label[colour]).relu())
            found = found + widen.at(0, colour)
        return found

    def put(self, x: int, channel: int, brightness: Tensor) -> None:
        self.first.put(x, channel, brightness[:, None])
