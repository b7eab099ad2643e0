"""Do boxes lie where the pictures have edges? Or do other boxes, made from them by a usual mistake, lie there instead?

Along the sides of a box around an object the picture changes more than along those of a box laid anywhere. So the
pictures can be asked whether the boxes are theirs, whatever the network says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

BAND = 1  # pixels on either side of a box's side that are looked at: marks are as exact as a hand
BORDER = 2 * BAND + 1  # pixels from the border of a picture, which is an edge where its frame begins
SAMPLES = 24  # points along each side
ELSEWHERE = 16  # places where each box is laid to learn what is usual in its picture
SMALLEST = 4.0  # pixels of a side: of smaller boxes the sides touch
INSIDE = 0.75  # share of a changed box that must stay in the picture for it to be asked
CLEAR = 0.3  # of a gain: in healthy sets it is 0.3 to 1.1 for the right boxes, and 0.0 to 0.5 for wrong ones
SCALES = (0.25, 1 / 3, 0.4, 0.5, 0.6, 2 / 3, 0.75, 0.8, 1.25, 4 / 3, 1.5, 5 / 3, 2.0, 2.5, 3.0, 4.0)

Change = Callable[[Tensor, int, int], Tensor]  # boxes (N, 4), height and width of the picture -> boxes (N, 4)


@dataclass(frozen=True)
class Fit:
    """How a way of reading the boxes fits the pictures. n: boxes asked. gain: mean edge along their sides above that
    of the same boxes elsewhere in the picture, in deviations of a picture's edges; sure: in standard errors.
    """

    n: int
    gain: float
    sure: float


def scaled(boxes: Tensor, height: int, width: int, by: float) -> Tensor:
    return boxes * by


def mirrored(boxes: Tensor, height: int, width: int) -> Tensor:
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([width - x2, y1, width - x1, y2], -1)


def upside_down(boxes: Tensor, height: int, width: int) -> Tensor:
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([x1, height - y2, x2, height - y1], -1)


def swapped(boxes: Tensor, height: int, width: int) -> Tensor:
    return boxes[..., [1, 0, 3, 2]]


def widths_for_corners(boxes: Tensor, height: int, width: int) -> Tensor:
    x, y, w, h = boxes.unbind(-1)
    return torch.stack([x, y, x + w, y + h], -1)


def shares(boxes: Tensor, height: int, width: int) -> Tensor:
    return boxes * boxes.new_tensor([width, height, width, height])


CHANGES: Mapping[str, Change] = {
    "mirrored": mirrored,
    "upside down": upside_down,
    "x and y swapped": swapped,
    "as x, y, width, height": widths_for_corners,
    **{f"times {by:.3g}": partial(scaled, by=by) for by in SCALES},
}


class Outlines:
    """Gathers, picture by picture, how well boxes and what mistakes would make of them lie along edges."""

    def __init__(self, seed: int = 0) -> None:
        self._random = torch.Generator().manual_seed(seed)
        self._gains: dict[str, list[Tensor]] = {name: [] for name in ("", *CHANGES)}

    @torch.no_grad()
    def saw(self, picture: Tensor, boxes: Tensor) -> None:
        """picture: (C, H, W), of any scale. boxes: (N, 4) in its pixels."""
        height, width = picture.shape[1:]
        edges = _edges(picture)
        for name, change in {"": _same, **CHANGES}.items():
            changed = change(boxes, height, width)
            asked = changed[_inside(changed, height, width)]
            self._gains[name].append(self._gain(edges, asked) if len(asked) else torch.zeros(0))

    def fit(self, name: str = "") -> Fit:
        """Of one way of reading the boxes; '' for the boxes as they are."""
        found = self._gains[name]
        gains = torch.cat(found) if found else torch.zeros(0)
        if len(gains) < 2:
            return Fit(len(gains), 0.0, 0.0)
        return Fit(len(gains), float(gains.mean()), float(gains.mean() / (gains.std() / len(gains) ** 0.5 + 1e-9)))

    def best(self) -> tuple[str, Fit]:
        """The change of the boxes that fits best."""
        return max(((name, self.fit(name)) for name in CHANGES), key=lambda pair: pair[1].sure)

    def fits_better(self, name: str) -> tuple[float, int]:
        """The share of the pictures in which one change of the boxes fits clearly better, of those that tell; how many.

        Pictures that are sometimes mirrored while their boxes are not fit half as they are, half mirrored.
        """
        pairs = [
            (float(new.mean()), float(own.mean()))
            for new, own in zip(self._gains[name], self._gains[""], strict=True)
            if len(new) and len(own)
        ]
        telling = [new > own for new, own in pairs if abs(new - own) > CLEAR and max(new, own) > CLEAR]
        return (sum(telling) / len(telling) if telling else 0.0), len(telling)

    def _gain(self, edges: Tensor, boxes: Tensor) -> Tensor:
        """(N,): the edge along the sides of boxes above that of boxes of their size anywhere in the picture."""
        low, high = _filled(edges)  # in a frame's empty border there is nothing to compare with
        room = (high - low - (boxes[:, 2:] - boxes[:, :2])).clamp(min=0)
        at = low + torch.rand(ELSEWHERE, len(boxes), 2, generator=self._random) * room
        moved = boxes + (at - boxes[:, :2]).repeat(1, 1, 2)
        return _along(edges, boxes) - _along(edges, moved.reshape(-1, 4)).reshape(ELSEWHERE, -1).mean(0)


def _same(boxes: Tensor, height: int, width: int) -> Tensor:
    return boxes


def _inside(boxes: Tensor, height: int, width: int) -> Tensor:
    """Boxes large enough to have sides of their own, and small enough, most of which lies in the picture."""
    low, high = boxes[:, :2], boxes[:, 2:]
    sides = high - low
    frame = boxes.new_tensor([width, height])
    seen = (torch.minimum(high, frame) - low.clamp(min=0)).clamp(min=0)
    return (sides >= SMALLEST).all(1) & (seen.prod(1) >= INSIDE * sides.prod(1)) & (sides < 0.9 * frame).all(1)


def _edges(picture: Tensor) -> Tensor:
    """(2, H, W): how much a picture changes across (x) and down (y), in its own mean, the largest within the band."""
    x = picture.float()
    across = F.pad((x[:, :, 1:] - x[:, :, :-1]).abs().amax(0), (1, 0))
    down = F.pad((x[:, 1:] - x[:, :-1]).abs().amax(0), (0, 0, 1, 0))
    across = F.max_pool2d(across[None, None], (1, 2 * BAND + 1), 1, (0, BAND))[0, 0]
    down = F.max_pool2d(down[None, None], (2 * BAND + 1, 1), 1, (BAND, 0))[0, 0]
    found = torch.stack([across, down])
    low, high = _filled(found)
    within = torch.zeros_like(found)
    within[:, _inner(low[1], high[1]), _inner(low[0], high[0])] = 1
    found = found * within  # a frame's empty border begins with an edge that is nobody's
    return found / found[within > 0].std().clamp_min(1e-6) if int(within.sum()) > 2 else found


def _inner(low: Tensor, high: Tensor) -> slice:
    return slice(int(low) + BORDER, max(int(low) + BORDER, int(high) - BORDER))


def _filled(edges: Tensor) -> tuple[Tensor, Tensor]:
    """x and y where a picture begins and ends within its frame: beyond, nothing changes."""
    some = edges.amax(0) > 0
    ends = []
    for busy in (some.any(0), some.any(1)):
        at = busy.nonzero().flatten()
        ends.append((at[0], at[-1] + 1) if len(at) else (torch.tensor(0), torch.tensor(len(busy))))
    return torch.stack([ends[0][0], ends[1][0]]).float(), torch.stack([ends[0][1], ends[1][1]]).float()


def _along(edges: Tensor, boxes: Tensor) -> Tensor:
    """(N,): the mean edge across the four sides of boxes (N, 4); sides at the picture's border say nothing."""
    height, width = edges.shape[1:]
    low, high = _filled(edges)
    x1, y1, x2, y2 = boxes.unbind(1)
    steps = torch.linspace(0.05, 0.95, SAMPLES)
    rows = (y1[:, None] + (y2 - y1)[:, None] * steps).long().clamp(0, height - 1)
    columns = (x1[:, None] + (x2 - x1)[:, None] * steps).long().clamp(0, width - 1)
    total, sides = torch.zeros(len(boxes)), torch.zeros(len(boxes))
    for axis, at in ((0, x1), (0, x2), (1, y1), (1, y2)):
        place = at.round().long()
        there = place.clamp(0, (width, height)[axis] - 1)[:, None]
        met = edges[0, rows, there] if axis == 0 else edges[1, there, columns]
        inner = ((place >= low[axis]) & (place < high[axis])).float()
        total += met.mean(1) * inner
        sides += inner
    return total / sides.clamp(min=1)
