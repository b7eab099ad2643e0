"""Maximal patches: the parts of real pictures that excite single features of a layer most."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..engine.anatomy import outputs
from ._contract import Sheet
from ._layers import last_maps

BATCH = 64
PROBES = 8  # noise pictures that measure a receptive field: max-pooling and ReLU each time hide other pixels
GREY = 128


def sheets(
    network: nn.Module, pictures: Tensor, layer: str = "", units: int = 8, each: int = 8, first: int = -1
) -> list[Sheet]:
    """One sheet for each unit (channel): the patches of `pictures` at its strongest answers, strongest first.

    pictures: uint8 (N, 3, H, W); at most one patch is taken from a picture. units: how many channels, those that vary
    most over the pictures; with `first` >= 0 those from channel `first` on. each: patches of a unit. A patch is what
    the unit can see, its receptive field; beyond the rim it is grey.
    Raises LookupError for an unknown layer, ValueError for one without maps or no pictures. Source: Zeiler and Fergus,
    2014, section 4; Girshick et al., 2014, section 3.1.
    """
    if units < 1 or each < 1 or not len(pictures):
        raise ValueError(f"patches needs pictures, units and each of at least 1; got {len(pictures)}, {units}, {each}")
    name = layer or last_maps(network, pictures[:1] / 255)
    peaks, places, size = _strongest(network, pictures, name)  # (N, C), (N, C)
    field = receptive_field(network, pictures.shape[2:], name, size)
    if first >= peaks.shape[1]:
        raise ValueError(f"layer '{name}' has channels 0 to {peaks.shape[1] - 1}; got first={first}")
    chosen = (
        peaks.std(0, correction=0).argsort(descending=True, stable=True)
        if first < 0
        else torch.arange(first, peaks.shape[1])
    )
    return [
        _sheet(pictures, name, int(unit), peaks[:, unit], places[:, unit], size, field, each) for unit in chosen[:units]
    ]


@dataclass(frozen=True)
class Field:
    """What the middle cell of a layer's maps can see, in px: its place and size, and how far the next cell moves it."""

    top: int
    left: int
    height: int
    width: int
    down: float
    right: float


def receptive_field(
    network: nn.Module, picture: torch.Size | tuple[int, ...], layer: str, size: tuple[int, int]
) -> Field:
    """The field of a layer, before it is cut at the picture's rim.

    picture: (H, W); size: (h, w) of the maps. Measured: the pixels with a gradient to a cell, over noise pictures.
    """
    noise = torch.rand((PROBES, 3, *picture), generator=torch.Generator().manual_seed(0))
    middle = (size[0] // 2, size[1] // 2)
    with torch.enable_grad():
        pixels = noise.requires_grad_(True)
        maps = outputs(network, pixels, [layer])[layer]
        boxes = []
        for row, column in ((0, 0), middle, (size[0] - 1, size[1] - 1)):
            total = maps[:, :, row, column].sum()
            (gradient,) = torch.autograd.grad(total, pixels, retain_graph=True)
            seen = gradient.abs().amax((0, 1)) > 0  # (H, W)
            boxes.append((_span(seen.any(1)), _span(seen.any(0))))
    (top, bottom), (left, right) = boxes[1]
    down, along = (_jump([box[axis] for box in boxes], middle[axis], size[axis] - 1, picture[axis]) for axis in (0, 1))
    # A field as large as the picture is cut at every rim: what a cell sees of it is all there is.
    return Field(
        *(top, left, bottom - top, right - left),
        down if bottom - top < picture[0] else 0.0,
        along if right - left < picture[1] else 0.0,
    )


def _span(seen: Tensor) -> tuple[int, int]:
    """The first pixel seen and the one after the last; all, if none is (every ReLU on the way was off)."""
    places = seen.nonzero()[:, 0]
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, len(seen))


def _jump(spans: list[tuple[int, int]], middle: int, last: int, length: int) -> float:
    """Pixels from one cell to the next, from edges of fields that the picture's rim does not cut."""
    (_, end_first), (start, end), (start_last, _) = spans
    if middle and end < length:
        return (end - end_first) / middle
    if last > middle and start > 0:
        return (start_last - start) / (last - middle)
    return length / (last + 1)


@torch.no_grad()
def _strongest(network: nn.Module, pictures: Tensor, name: str) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Of each picture and channel the strongest answer (N, C), the cell where it is (N, C), and the maps' size."""
    peaks, places, size = [], [], (0, 0)
    for batch in pictures.split(BATCH):
        maps = outputs(network, batch.float() / 255, [name])[name]
        if maps.ndim != 4:
            shape = tuple(maps.shape)
            raise ValueError(f"layer '{name}' puts out {shape}, not maps (B, C, H, W); take an earlier one")
        size = (maps.shape[2], maps.shape[3])
        peak, place = maps.float().flatten(2).max(2)
        peaks.append(peak)
        places.append(place)
    return torch.cat(peaks), torch.cat(places), size


def _sheet(
    pictures: Tensor,
    name: str,
    unit: int,
    peaks: Tensor,
    places: Tensor,
    size: tuple[int, int],
    field: Field,
    each: int,
) -> Sheet:
    best = peaks.argsort(descending=True, stable=True)[:each]
    patches = [_patch(pictures[i], divmod(int(places[i]), size[1]), size, field) for i in best]
    reading = (
        f"Each patch is what the unit sees, {field.height} x {field.width} px, and the number how strongly it answers."
    )
    return Sheet(f"{name}, channel {unit}", np.stack(patches), reading, [f"{float(peaks[i]):.2g}" for i in best])


def _patch(picture: Tensor, cell: tuple[int, int], size: tuple[int, int], field: Field) -> NDArray[np.uint8]:
    """The part (h, w, 3) of a picture uint8 (3, H, W) that a cell of the maps sees."""
    top = field.top + round((cell[0] - size[0] // 2) * field.down)
    left = field.left + round((cell[1] - size[1] // 2) * field.right)
    above, beside = field.height + picture.shape[1], field.width + picture.shape[2]
    framed = F.pad(picture, (beside, beside, above, above), value=GREY)  # no cell's field lies outside of this
    patch = framed[:, above + top : above + top + field.height, beside + left : beside + left + field.width]
    return np.ascontiguousarray(patch.permute(1, 2, 0).numpy())
