"""A trunk of several scales: most of its layers see maps of half and a quarter of the picture's size, at little cost.

Two streams run through it: `above` knows the rows above, `beside` also the row so far. Both are halved by strides and
doubled again, joined by short-cuts, as in PixelCNN++ (Salimans et al., 2017, sections 2.3 and 2.4, figure 2). A cell of
a halved map ends with its own first row and column and not its last: so it knows nothing that any of the four places
behind it may not know.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Above(nn.Conv2d):
    """A convolution that sees the row itself and the one above it, a column to each side."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__(n_in, n_out, (2, 3), stride)

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(F.pad(maps, (1, 1, 1, 0)))


class Beside(nn.Conv2d):
    """A convolution that sees the place itself, the one to its left, and both in the row above."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__(n_in, n_out, 2, stride)

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(F.pad(maps, (1, 0, 1, 0)))


class Doubled(nn.Conv2d):
    """Maps (B, n_in, H, W) -> (B, n_out, 2 H, 2 W), each cell telling its four places."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, 4 * n_out, 1)

    def forward(self, maps: Tensor) -> Tensor:
        return F.pixel_shuffle(super().forward(maps), 2)


class Block(nn.Module):
    """A residual block of both streams, of the same shape as what comes in: (B, F, H, W) each.

    shortcut: whether maps of the way down are added within. n_classes: a class adds to both streams; 0: none.
    """

    def __init__(self, features: int, shortcut: bool, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.above_in, self.above_out = Above(features, features), Above(features, features)
        self.beside_in, self.beside_out = Beside(features, features), Beside(features, features)
        self.link = nn.Conv2d(features, features, 1)
        self.above_short = nn.Conv2d(features, features, 1) if shortcut else None
        self.beside_short = nn.Conv2d(features, features, 1) if shortcut else None
        self.label = nn.Embedding(n_classes, 2 * features) if n_classes else None
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=0.1)
        self.dropout = nn.Dropout(dropout)

    def of_label(self, labels: Tensor | None) -> tuple[Tensor | float, Tensor | float]:
        """What a class adds to both streams, (B, F, 1, 1) each; nothing without classes."""
        if self.label is None or labels is None:
            return 0.0, 0.0
        above, beside = self.label(labels)[:, :, None, None].chunk(2, 1)
        return above, beside

    def forward(
        self, above: Tensor, beside: Tensor, labels: Tensor | None, short: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        of_above, of_beside = self.of_label(labels)
        inner = self.above_in(above.relu()) + of_above
        if self.above_short is not None and short is not None:
            inner = inner + self.above_short(short[0])
        above = above + self.above_out(self.dropout(inner.relu()))
        inner = self.beside_in(beside.relu()) + self.link(above.relu()) + of_beside
        if self.beside_short is not None and short is not None:
            inner = inner + self.beside_short(short[1])
        return above, beside + self.beside_out(self.dropout(inner.relu()))


class Scale(nn.Module):
    """The blocks of one scale on the way down and up again, and between them the next smaller scale, if there is one.

    features: of this scale and the smaller ones.
    """

    def __init__(self, features: Sequence[int], blocks: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        own, *smaller = features
        self.down = nn.ModuleList(Block(own, False, n_classes, dropout) for _ in range(blocks))
        self.inner = Scale(smaller, blocks, n_classes, dropout) if smaller else None
        if smaller:
            self.above_down, self.beside_down = Above(own, smaller[0], 2), Beside(own, smaller[0], 2)
            self.above_up, self.beside_up = Doubled(smaller[0], own), Doubled(smaller[0], own)
        self.up = nn.ModuleList(Block(own, True, n_classes, dropout) for _ in range(blocks if smaller else 0))

    def forward(self, above: Tensor, beside: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        kept, (height, width) = [], above.shape[2:]
        for block in self.down:
            above, beside = block(above, beside, labels)
            kept.append((above, beside))
        if self.inner is not None:
            above, beside = self.inner(self.above_down(above), self.beside_down(beside), labels)
            above = self.above_up(above)[:, :, :height, :width]
            beside = self.beside_up(beside)[:, :, :height, :width]
        for block in self.up:
            above, beside = block(above, beside, labels, kept.pop())
        return above, beside


class MultiscaleTrunk(nn.Module):
    """Brightness (B, C, H, W) from -1 to 1 -> maps (B, features, H, W) of all that stands before each place.

    features: of each scale, the largest maps first. kernel: side of the first layer's window, odd.
    """

    n_colours = 1  # a pixel is told at once

    def __init__(
        self, channels: int, n_classes: int, features: Sequence[int], blocks: int, kernel: int, dropout: float
    ) -> None:
        super().__init__()
        self.features, self.reach = features[0], kernel // 2
        self.first_above = nn.Conv2d(channels, self.features, (self.reach, kernel))
        self.first_beside = nn.Conv2d(channels, self.features, (1, self.reach))
        self.scale = Scale(features, blocks, n_classes, dropout)

    def forward(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        # what is outside the picture is as black as its darkest pixel
        padded = F.pad(brightness, (self.reach, self.reach, self.reach, 0), value=-1.0)
        above = self.first_above(padded[:, :, :-1])
        beside = self.first_beside(padded[:, :, self.reach :, : -1 - self.reach]) + above
        told: Tensor = self.scale(above, beside, labels)[1]
        return told

    def steps(self, n: int, width: int, labels: Tensor | None = None) -> "MultiscaleSteps":
        """The same maps place by place, for n pictures."""
        return MultiscaleSteps(self, n, width, labels)


class MultiscaleSteps:
    """A `MultiscaleTrunk` place by place: `above` a row at a time, `beside` a place at a time."""

    def __init__(self, trunk: MultiscaleTrunk, n: int, width: int, labels: Tensor | None) -> None:
        self.trunk, self.y = trunk, -1
        reach, blank = trunk.reach, trunk.first_above.weight.new_full
        self.rows = blank((n, trunk.first_above.in_channels, reach, width + 2 * reach), -1.0)
        self.row = blank((n, trunk.first_above.in_channels, width + reach), -1.0)
        self.weight = trunk.first_beside.weight.flatten(1)
        self.above = torch.empty(0)
        self.scale = ScaleSteps(trunk.scale, n, width, labels)

    def next_row(self, row: Tensor | None = None) -> None:
        """Begin the row below `row`, brightness (n, C, W); None: the first one."""
        reach = self.trunk.reach
        if row is not None:
            self.rows = torch.cat([self.rows[:, :, 1:], F.pad(row, (reach, reach), value=-1.0)[:, :, None]], 2)
        self.row.fill_(-1.0)
        self.y += 1
        self.above = self.trunk.first_above(self.rows)[:, :, 0]  # (n, F, W)
        self.scale.row(self.y, self.above)

    def at(self, x: int, colour: int) -> Tensor:
        """Features at column x of the row: (n, features)."""
        window = self.row[:, :, x : x + self.trunk.reach].flatten(1)
        beside = F.linear(window, self.weight, self.trunk.first_beside.bias) + self.above[:, :, x]
        return self.scale.at(self.y, x, beside)

    def put(self, x: int, channel: int, brightness: Tensor) -> None:
        """The value of one channel at column x of the row, (n,)."""
        self.row[:, channel, self.trunk.reach + x] = brightness


class RowSteps:
    """An `Above` convolution row by row: it keeps the row before."""

    def __init__(self, layer: Above, n: int, width: int) -> None:
        self.layer = layer
        self.last = layer.weight.new_zeros(n, layer.in_channels, width)

    def put(self, row: Tensor) -> Tensor:
        """Take the next row (n, C, W); returns the window that the layer sees, (n, C, 2, W + 2)."""
        window = F.pad(torch.stack([self.last, row], 2), (1, 1))
        self.last = row
        return window

    def row(self, row: Tensor) -> Tensor:
        """What the layer tells of the next row: (n, n_out, W), or every second column of it."""
        layer = self.layer
        return F.conv2d(self.put(row), layer.weight, layer.bias, layer.stride)[:, :, 0]


class PlaceSteps:
    """A `Beside` convolution place by place: it keeps the row before and the row so far."""

    def __init__(self, layer: Beside, n: int, width: int) -> None:
        self.layer, self.weight = layer, layer.weight.flatten(1)
        self.rows = layer.weight.new_zeros(n, layer.in_channels, 2, width + 1)

    def next_row(self) -> None:
        self.rows = torch.stack([self.rows[:, :, 1], torch.zeros_like(self.rows[:, :, 1])], 2)

    def put(self, x: int, values: Tensor) -> None:
        """Features of column x, (n, C)."""
        self.rows[:, :, 1, x + 1] = values

    def at(self, x: int) -> Tensor:
        """What the layer tells at column x: (n, n_out)."""
        return F.linear(self.rows[:, :, :, x : x + 2].flatten(1), self.weight, self.layer.bias)


class BlockSteps:
    """A `Block`: `above` a row at a time, `beside` a place at a time."""

    def __init__(self, block: Block, n: int, width: int, labels: Tensor | None) -> None:
        self.block = block
        of_above, of_beside = block.of_label(labels)
        self.of_above = of_above[:, :, 0] if isinstance(of_above, Tensor) else of_above
        self.of_beside = of_beside[:, :, 0] if isinstance(of_beside, Tensor) else of_beside
        self.above_in, self.above_out = RowSteps(block.above_in, n, width), RowSteps(block.above_out, n, width)
        self.beside_in, self.beside_out = PlaceSteps(block.beside_in, n, width), PlaceSteps(block.beside_out, n, width)
        self.linked = torch.empty(0)

    def row(self, above: Tensor, short: Tensor | None = None) -> Tensor:
        """The next row of `above`, (n, F, W), with the short-cut's."""
        inner = self.above_in.row(above.relu()) + self.of_above
        if self.block.above_short is not None and short is not None:
            inner = inner + _of_row(self.block.above_short, short)
        above = above + self.above_out.row(inner.relu())
        self.linked = _of_row(self.block.link, above.relu()) + self.of_beside
        self.beside_in.next_row()
        self.beside_out.next_row()
        return above

    def at(self, x: int, beside: Tensor, short: Tensor | None = None) -> Tensor:
        """`beside` at column x of the row, (n, F), with the short-cut's."""
        self.beside_in.put(x, beside.relu())
        inner = self.beside_in.at(x) + self.linked[:, :, x]
        if self.block.beside_short is not None and short is not None:
            inner = inner + _of_row(self.block.beside_short, short[:, :, None])[:, :, 0]
        self.beside_out.put(x, inner.relu())
        return beside + self.beside_out.at(x)


class ScaleSteps:
    """A `Scale`: smaller scales take a step at every second row and column only."""

    def __init__(self, scale: Scale, n: int, width: int, labels: Tensor | None) -> None:
        self.scale = scale
        self.down = [BlockSteps(block, n, width, labels) for block in scale.down]  # type: ignore[arg-type]
        self.up = [BlockSteps(block, n, width, labels) for block in scale.up]  # type: ignore[arg-type]
        self.inner: ScaleSteps | None = None
        if scale.inner is not None:
            self.inner = ScaleSteps(scale.inner, n, -(-width // 2), labels)
            self.above_down = RowSteps(scale.above_down, n, width)
            self.beside_down = PlaceSteps(scale.beside_down, n, width)
            self.above_up = self.beside_up = torch.empty(0)
            self.cells: dict[int, Tensor] = {}  # of the smaller scale's row: what each cell tells of its four places

    def row(self, y: int, above: Tensor) -> Tensor:
        """Row y of `above`, (n, F, W), on the way up."""
        kept, width = [], above.shape[2]
        for block in self.down:
            above = block.row(above)
            kept.append(above)
        if self.inner is not None:
            self.beside_down.next_row()
            window = self.above_down.put(above)
            if y % 2 == 0:
                layer = self.scale.above_down
                halved = F.conv2d(window, layer.weight, layer.bias, layer.stride)[:, :, 0]
                self.above_up = self.scale.above_up(self.inner.row(y // 2, halved)[:, :, None])  # (n, F, 2, 2 W')
            above = self.above_up[:, :, y % 2, :width]
        for block in self.up:
            above = block.row(above, kept.pop())
        return above

    def at(self, y: int, x: int, beside: Tensor) -> Tensor:
        """`beside` at a place, (n, F), on the way up."""
        kept = []
        for block in self.down:
            beside = block.at(x, beside)
            kept.append(beside)
        if self.inner is not None:
            self.beside_down.put(x, beside)
            if y % 2 == 0 and x % 2 == 0:
                halved = self.inner.at(y // 2, x // 2, self.beside_down.at(x))
                self.cells[x // 2] = self.scale.beside_up(halved[:, :, None, None])  # (n, F, 2, 2)
            beside = self.cells[x // 2][:, :, y % 2, x % 2]
        for block in self.up:
            beside = block.at(x, beside, kept.pop())
        return beside


def _of_row(layer: nn.Conv2d, row: Tensor) -> Tensor:
    """A 1 x 1 convolution of a row (n, C, W)."""
    return F.conv1d(row, layer.weight[:, :, 0], layer.bias)
