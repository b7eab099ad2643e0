"""A picture read as a sequence, a row at a time, by a recurrent network that answers when it has read it all.

Many steps to one answer: row t enters as C * W numbers, what was seen so far is the state, and the last state is what
the linear layer looks at. Columns are read from left to right, patches as a page is. The row-by-row task: Le et al.,
2015 (IRNN), section 4.2, who read pixel by pixel.
"""

from typing import Literal

from torch import Tensor, nn

from ...layers.dropout import check_share
from ...layers.recurrent import Cell, Recurrent
from ._layout import at_least_1, one_of

Reading = Literal["rows", "columns", "patches"]
READINGS = ("rows", "columns", "patches")
SMALL_START = 0.01  # deviation of the last layer's weights, so that the loss starts at ln K


class Rows(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K), by way of a sequence (B, T, D)."""

    def __init__(self, recurrent: Recurrent, n_classes: int, reading: Reading, patch: int, dropout: float) -> None:
        super().__init__()
        self.reading, self.patch = reading, patch
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.decide = nn.Linear(recurrent.n_outputs, n_classes)
        nn.init.normal_(self.decide.weight, std=SMALL_START)
        nn.init.zeros_(self.decide.bias)

    def forward(self, images: Tensor) -> Tensor:
        _, state = self.recurrent(sequence(images, self.reading, self.patch))
        ends = state[0][
            :, -self.recurrent.directions :
        ]  # of the last layer, one for each direction: (B, directions, H)
        return self.decide(self.dropout(ends.flatten(1)))


def sequence(images: Tensor, reading: Reading = "rows", patch: int = 4) -> Tensor:
    """Images (B, C, H, W) -> what is read at each step, (B, T, D).

    rows: (B, H, C W); columns: (B, W, C H); patches: (B, H/p W/p, C p p) in the order of a page, and what is left at
    the right and lower border when p does not divide the sides is not read.
    """
    if reading == "patches":
        return nn.functional.unfold(images, patch, stride=patch).transpose(1, 2)
    return images.permute((0, 2, 1, 3) if reading == "rows" else (0, 3, 1, 2)).flatten(2)


def build(
    image: tuple[int, int, int],
    n_classes: int,
    cell: Cell = "lstm",
    hidden: int = 128,
    layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    reading: Reading = "rows",
    patch: int = 4,
) -> nn.Module:
    """cell, hidden, layers: of the recurrent network. bidirectional: a second one reads from the end.

    dropout: probability to drop what a layer hands to the next. reading: what enters at a step; patch: its side in
    pixels, for patches. Raises ValueError for a setting it cannot be.
    """
    C, H, W = image
    one_of("reading", reading, READINGS)
    at_least_1("patch", patch)
    check_share(dropout)
    if reading == "patches" and patch > min(H, W):
        raise ValueError(f"patch={patch} is larger than pictures of {H} x {W}; take patch={min(H, W)} or less")
    n_inputs = {"rows": C * W, "columns": C * H, "patches": C * patch**2}[reading]
    recurrent = Recurrent(cell, n_inputs, hidden, layers, dropout, bidirectional)
    return Rows(recurrent, n_classes, reading, patch, dropout)
