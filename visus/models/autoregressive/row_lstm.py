"""Row LSTM: a state goes down the picture row by row, each place looking at three above it (van den Oord et al., 2016).

What a place knows is a triangle: its own row's last few pixels, three of the row above, five of the next, and so on; to
its sides there are pixels in rows above that it never sees.
"""

from functools import partial

import torch
from torch import Tensor, nn

from ...layers.masked import MaskedConv2d, Trail
from ...layers.recurrent import lstm_gates
from . import _recurrent
from ._recurrent import Labelled, of_colours, start_carrying, start_remembering


class RowLSTM(nn.Module):
    """Maps (B, F, H, W) -> states (B, S, H, W): sums of a masked look along the row and of the states above.

    sees, states: the colour of each input and of each state. Source: section 3.1, equation 3.
    """

    def __init__(self, sees: Tensor, states: Tensor, n_classes: int) -> None:
        super().__init__()
        self.n_states = len(states)
        self.look = MaskedConv2d(sees, states.repeat(4), "B", side=1)  # three pixels, the third masked away
        self.carry = nn.Conv1d(len(states), 4 * len(states), 3, padding=1, bias=False)
        self.labelled = Labelled(n_classes, len(states))
        start_remembering(self.look)
        start_carrying(self.carry.weight)

    def forward(self, maps: Tensor, labels: Tensor | None = None) -> Tensor:
        sums = self.look(maps) + self.labelled(labels)  # (B, 4S, H, W), of all rows at once
        h = c = self.carry.weight.new_zeros(len(maps), self.n_states, maps.shape[3])
        rows = []
        for row in sums.unbind(2):
            h, c = lstm_gates(row + self.carry(h), c)
            rows.append(h)
        return torch.stack(rows, 2)

    def steps(self, n: int, width: int, labels: Tensor | None) -> "RowSteps":
        return RowSteps(self, n, width, labels)


class RowSteps:
    """The states place by place: those of the row above, carried once for a whole row."""

    def __init__(self, layer: RowLSTM, n: int, width: int, labels: Tensor | None) -> None:
        self.layer, self.look = layer, Trail(layer.look, n, width)
        self.places = of_colours(layer.look.tells)
        self.h = layer.carry.weight.new_zeros(n, layer.n_states, width)  # of the row that comes to be
        self.c = torch.zeros_like(self.h)
        label = layer.labelled(labels)
        self.label = label if isinstance(label, float) else label[..., 0]

    def next_row(self) -> None:
        self.look.next_row()
        self.carried, self.above = self.layer.carry(self.h) + self.label, self.c
        self.h, self.c = torch.zeros_like(self.h), torch.zeros_like(self.c)

    def at(self, x: int, colour: int, maps: Tensor) -> Tensor:
        self.look.put(x, colour * maps.shape[1], maps)
        own = self.h.shape[1] // len(self.places)
        mine = slice(colour * own, (colour + 1) * own)
        sums = self.look.at(x, colour) + self.carried[:, self.places[colour], x]
        self.h[:, mine, x], self.c[:, mine, x] = lstm_gates(sums, self.above[:, mine, x])
        return self.h[:, mine, x]


build = partial(_recurrent.build, RowLSTM)
