"""Diagonal BiLSTM: two states go down the picture, from its left and its right corner (van den Oord et al., 2016).

A state takes from its neighbour in the row and from the one above, so a whole diagonal can be computed at once, and a
place knows all that stands before it. One pixel excepted: the last of the row above, which no state of that row has
taken in yet, is known only where the first window reaches it.
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...layers.masked import MaskedConv2d, Trail
from ...layers.recurrent import lstm_gates
from . import _recurrent
from ._recurrent import Labelled, of_colours, start_carrying, start_remembering


def skewed(maps: Tensor) -> Tensor:
    """Each row one column further to the right than the one above: (B, S, H, W) -> (B, S, H, W + H - 1), figure 3.

    What was a diagonal is a column now. Around the picture are zeros.
    """
    height, width = maps.shape[2:]
    # rows of W + H numbers, read in rows of one less
    return F.pad(maps, (0, height)).flatten(2)[:, :, : height * (width + height - 1)].unflatten(2, (height, -1))


def straight(maps: Tensor) -> Tensor:
    """What undoes `skewed`: (B, S, H, W + H - 1) -> (B, S, H, W)."""
    height, wide = maps.shape[2:]
    return F.pad(maps.flatten(2), (0, height)).unflatten(2, (height, -1))[..., : wide + 1 - height]


def lowered(maps: Tensor) -> Tensor:
    """Each row gets what the row above it told: (B, S, H, W) -> the same, its first row zeros."""
    return F.pad(maps[:, :, :-1], (0, 0, 1, 0))


class Carry(nn.Module):
    """What states give to the sums before the gates, (n, 4S, ...), from the place above and the one beside.

    Without a bias: around the picture there is nothing, so that the states there stay 0.
    """

    def __init__(self, states: int) -> None:
        super().__init__()
        self.above = nn.Linear(states, 4 * states, bias=False)
        self.beside = nn.Linear(states, 4 * states, bias=False)
        for way in (self.above, self.beside):
            nn.init.normal_(way.weight, std=(2 * states) ** -0.5)

    def forward(self, h: Tensor) -> Tensor:
        """The states of one column of the skewed picture, (B, S, H) -> what they give to the next, (B, 4S, H)."""
        both = torch.stack([self.above.weight, self.beside.weight], 2)  # a 2 x 1 window: the row above, its own
        return F.conv1d(F.pad(h, (1, 0)), both)


def swept(sums: Tensor, carry: Carry) -> Tensor:
    """States (B, S, H, W) of a sweep from the upper left corner; sums (B, 4S, H, W): what the input adds."""
    h = c = carry.above.weight.new_zeros(len(sums), sums.shape[1] // 4, sums.shape[2])
    columns = []
    for column in skewed(sums).unbind(3):
        h, c = lstm_gates(column + carry(h), c)
        columns.append(h)
    return straight(torch.stack(columns, 3))


class DiagonalBiLSTM(nn.Module):
    """Maps (B, F, H, W) -> states (B, S, H, W): of the left sweep, and of the right one of the row above, added.

    The right sweep's own row would know what stands to the right; a row down it is the past. sees, states: the colour
    of each input and of each state. Source: section 3.2.
    """

    def __init__(self, sees: Tensor, states: Tensor, n_classes: int) -> None:
        super().__init__()
        self.look = MaskedConv2d(sees, states.repeat(4), "B")
        self.look_right = nn.Conv2d(len(sees), 4 * len(states), 1)  # of a row that is past: all colours are known
        self.carry, self.carry_right = Carry(len(states)), Carry(len(states))
        self.labelled = Labelled(n_classes, len(states))
        start_carrying(self.look_right.weight)
        start_remembering(self.look)
        start_remembering(self.look_right)

    def forward(self, maps: Tensor, labels: Tensor | None = None) -> Tensor:
        label = self.labelled(labels)
        left = swept(self.look(maps) + label, self.carry)
        right = swept((self.look_right(maps) + label).flip(3), self.carry_right).flip(3)
        return left + lowered(right)

    def steps(self, n: int, width: int, labels: Tensor | None) -> "DiagonalSteps":
        return DiagonalSteps(self, n, width, labels)


class DiagonalSteps:
    """The states place by place: the left sweep as places come, the right one when a row is complete."""

    def __init__(self, layer: DiagonalBiLSTM, n: int, width: int, labels: Tensor | None) -> None:
        self.layer, self.look, self.places = layer, Trail(layer.look, n, 1), of_colours(layer.look.tells)
        self.label = layer.labelled(labels)
        states = layer.carry.above.in_features
        self.h = layer.look.weight.new_zeros(n, states, width)  # left sweep: the row above as far as it is not passed
        self.right = torch.zeros_like(self.h)  # right sweep, of the row above
        self.row = self.h.new_zeros(n, layer.look.in_channels, width)
        self.fresh = True

    def next_row(self) -> None:
        if not self.fresh:
            self._sweep_right()
        self.fresh = False
        self.beside = torch.zeros_like(self.h[:, :, 0])
        self.c = torch.zeros_like(self.beside)

    def _sweep_right(self) -> None:
        """The states of the row that is complete, from its right end."""
        sums = (self.layer.look_right(self.row[:, :, None]) + self.label)[:, :, 0]
        sums = sums + (self.layer.carry_right.above(self.right.transpose(1, 2))).transpose(1, 2)
        h = torch.zeros_like(self.right[:, :, 0])
        c, found = torch.zeros_like(h), torch.empty_like(self.right)
        for x in reversed(range(self.right.shape[2])):
            h, c = lstm_gates(sums[:, :, x] + self.layer.carry_right.beside(h), c)
            found[:, :, x] = h
        self.right = found

    def at(self, x: int, colour: int, maps: Tensor) -> Tensor:
        mine = slice(colour * maps.shape[1], (colour + 1) * maps.shape[1])
        self.look.put(0, mine.start, maps)
        self.row[:, mine, x] = maps
        if colour == 0:
            carried = self.layer.carry.above(self.h[:, :, x]) + self.layer.carry.beside(self.beside)
            self.carried = carried + (self.label if isinstance(self.label, float) else self.label[..., 0, 0])
            self.before, self.beside, self.c = self.c, torch.zeros_like(self.beside), torch.zeros_like(self.c)
        own = self.h.shape[1] // len(self.places)
        mine = slice(colour * own, (colour + 1) * own)
        sums = self.look.at(0, colour) + self.carried[:, self.places[colour]]
        self.beside[:, mine], self.c[:, mine] = lstm_gates(sums, self.before[:, mine])
        self.h[:, mine, x] = self.beside[:, mine]
        return self.h[:, mine, x] + self.right[:, mine, x]


build = partial(_recurrent.build, DiagonalBiLSTM)
