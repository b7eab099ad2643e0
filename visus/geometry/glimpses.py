"""Where a picture was looked at, drawn over it; and what was seen of it, with the rest left dark."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

FIRST, LAST = (66, 165, 245), (255, 112, 67)  # blue, orange: told apart by everybody, on dark and on light
WANTED_PX = 168  # about the side that small pictures are enlarged to
LINE_PX, HALO_PX = 1.6, 3.2  # half of the halo is seen on each side, so that lines show on any ground
HALO = 0.55  # how dark it is
DIMMED = 0.15  # brightness of what was not seen


def corners(places: Tensor, sides: Tensor, width: int) -> Tensor:
    """Upper left corners, in pixels, of patches `width` pixels wide around places (..., 2), (down, right) in [-1, 1].

    sides: (H, W). A corner may lie outside the picture, by half a patch at most.
    """
    return centres(places, sides) - width // 2


def centres(places: Tensor, sides: Tensor) -> Tensor:
    """Places (..., 2), (down, right) in [-1, 1], in whole pixels from the upper left corner: 0 to H, and 0 to W."""
    return ((places + 1) / 2 * sides).round().long()


def drawn(pictures: Tensor, places: Tensor, width: int) -> Tensor:
    """The way of the eye over enlarged pictures: from blue to orange, a frame of `width` pixels at every place.

    pictures: uint8 (N, 3, H, W); places: (N, T, 2), (down, right) in [-1, 1]. Returns uint8 (N, 3, h, w).
    """
    H, W = pictures.shape[2:]
    times = max(1, round(WANTED_PX / max(H, W)))
    canvas = pictures.float().repeat_interleave(times, 2).repeat_interleave(times, 3)
    sides = torch.tensor([H, W])
    middles = times * centres(places.cpu(), sides).float()  # (N, T, 2), in pixels of the canvas
    colours = _colours(places.shape[1])
    half = times * width / 2
    for t in range(places.shape[1] - 1):
        canvas = _stroke(canvas, _to_segment(canvas, middles[:, t], middles[:, t + 1]), colours[t])
    for t in range(places.shape[1]):
        reach = (_grid(canvas) - middles[:, t, :, None, None]).abs().amax(1)  # (N, h, w)
        canvas = _stroke(canvas, (reach - half).abs(), colours[t])
    return canvas.round().clamp(0, 255).to(torch.uint8)


def seen(pictures: Tensor, places: Tensor, widths: Sequence[int]) -> Tensor:
    """Pictures as glimpses see them: sharp in the finest patches, in blocks in the coarser ones, dark elsewhere.

    pictures: uint8 (N, 3, H, W); places as for `drawn`; widths: of the patches of a glimpse in pixels, the finest
    first, each of as many blocks as the finest has pixels. Returns uint8 (N, 3, H, W).
    """
    H, W = pictures.shape[2:]
    found = DIMMED * pictures.float()
    rim = max(widths)
    wide = F.pad(pictures.float(), (rim, rim, rim, rim))
    view = F.pad(found, (rim, rim, rim, rim))
    for width in sorted(widths, reverse=True):  # what is finer lies on top
        blocks = width // widths[0]
        for picture, corner in enumerate(corners(places.cpu(), torch.tensor([H, W]), width)):
            for top, left in (corner + rim).tolist():
                part = wide[picture, :, top : top + width, left : left + width]
                coarse = F.avg_pool2d(part, blocks).repeat_interleave(blocks, 1).repeat_interleave(blocks, 2)
                view[picture, :, top : top + width, left : left + width] = coarse
    return view[:, :, rim : rim + H, rim : rim + W].round().clamp(0, 255).to(torch.uint8)


def _colours(n: int) -> Tensor:
    """From the first to the last, (n, 3)."""
    share = torch.linspace(0, 1, n)[:, None] if n > 1 else torch.zeros(1, 1)
    return (1 - share) * torch.tensor(FIRST) + share * torch.tensor(LAST)


def _grid(canvas: Tensor) -> Tensor:
    """Middles of the canvas' pixels (1, 2, h, w), (down, right)."""
    rows, columns = (torch.arange(length) + 0.5 for length in canvas.shape[2:])
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"))[None]


def _to_segment(canvas: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Distance of every pixel from the line between two points (N, 2), in pixels, (N, h, w)."""
    grid, start, along = _grid(canvas), start[:, :, None, None], (end - start)[:, :, None, None]
    share = ((grid - start) * along).sum(1, keepdim=True) / along.square().sum(1, keepdim=True).clamp_min(1e-6)
    return (grid - start - share.clamp(0, 1) * along).square().sum(1).sqrt()


def _stroke(canvas: Tensor, distance: Tensor, colour: Tensor) -> Tensor:
    """A line in `colour` where the distance is small, with soft edges and a dark halo."""
    halo = HALO * (HALO_PX - distance).clamp(0, 1)[:, None]
    line = (LINE_PX - distance).clamp(0, 1)[:, None]
    return (canvas * (1 - halo)) * (1 - line) + colour.view(1, 3, 1, 1) * line
