"""Pictures of another kind than those a model learned from: to see whether it finds them less likely."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from ..data.canvas import Canvas
from ..data.collection import TEST
from ..data.drawings import Drawings
from ..data.named import is_here, open_named

KIN: Mapping[str, str] = {"mnist": "fashion-mnist", "fashion-mnist": "mnist"}  # of one size and colour
Change = Callable[[Tensor, Canvas, torch.Generator], Tensor]


def _shuffled(levels: Tensor, canvas: Canvas, dice: torch.Generator) -> Tensor:
    """Pixels of each picture in another order: its histogram stays, all else goes."""
    order = torch.rand(len(levels), canvas.height * canvas.width, generator=dice).argsort(1)
    rows = levels.flatten(2)
    return rows.gather(2, order[:, None].expand_as(rows)).view_as(levels)


def _noise(levels: Tensor, canvas: Canvas, dice: torch.Generator) -> Tensor:
    return torch.randint(0, canvas.levels, levels.shape, generator=dice, dtype=torch.uint8)


def _plain(levels: Tensor, canvas: Canvas, dice: torch.Generator) -> Tensor:
    """One level everywhere, that which is nearest to the picture's mean."""
    mean = levels.float().mean((2, 3), keepdim=True).round().to(torch.uint8)
    return mean.expand_as(levels).contiguous()


CHANGED: Mapping[str, Change] = {
    "mirrored": lambda levels, canvas, dice: levels.flip(3),
    "inverted": lambda levels, canvas, dice: canvas.levels - 1 - levels,
    "pixels shuffled": _shuffled,
    "one level everywhere": _plain,
    "noise": _noise,
}


def strangers(levels: Tensor, drawings: Drawings, seed: int) -> dict[str, Tensor]:
    """By name, as many pictures that the model was not made for as `levels` (B, C, H, W), as levels."""
    dice = torch.Generator().manual_seed(seed)
    found = {name: change(levels, drawings.canvas, dice) for name, change in CHANGED.items()}
    kin = KIN.get(drawings.origin, "")
    if kin and is_here(kin):
        found[kin] = _of_kin(kin, drawings, len(levels))
    return found


def _of_kin(name: str, drawings: Drawings, n: int) -> Tensor:
    """n test pictures of another named set, in the frame and levels of the model's own."""
    other = open_named(name)
    rows = np.array([row for row, part in enumerate(other.splits or ()) if part == TEST][:n], dtype=np.int64)
    frame = drawings.pictures.frame
    pictures = np.stack([other.pictures.load(row, frame) for row in rows.tolist()])
    return drawings.canvas.of(torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous(), drawings.seed, 0, rows)
