"""What becomes of a map that was made smaller, by each way to make it larger again?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers import upsampling as ways
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table
from ._pictures import few, of_each_class, shown

WINDOWS = ((2, 2), (3, 2), (4, 2), (4, 4), (5, 3), (6, 3))  # sides and strides of transposed convolutions
SHOWN = 3
SIDE_PX = 12  # of the uniform map that is stamped out


def run(
    data: Annotated[str, About("a named set whose sides can be halved")] = "digits",
    pictures: Annotated[int, Limits(3, 10_000), About("pictures that are halved and enlarged")] = 200,
) -> Exhibit:
    prepared = few(data, pictures)
    images = prepared.images(prepared.rows("train")).float() / 255
    sides = tuple(2 * (size // 2) for size in images.shape[2:])
    images = images[:, :, : sides[0], : sides[1]]
    back = enlarged(images)
    errors = {name: float((found - images).abs().mean()) for name, found in back.items()}
    kept = places_kept(images, back)
    uneven = {f"{f} x {f} by {s}": unevenness(f, s) for f, s in WINDOWS}
    even = [name for name, value in uneven.items() if value < 1e-3]
    start = float(
        (ways.TransposedConv(1)(torch.ones(1, 1, SIDE_PX, SIDE_PX)) - 1)[..., 2:-2, 2:-2].detach().abs().max()
    )
    best = min(errors, key=lambda name: errors[name])
    findings = [
        (
            f"{len(images)} pictures halved by the largest of every 2x2 pixels and doubled again: on average a pixel "
            f"is off by {_listed(errors)}. Closest: {best}."
        ),
        (
            f"Max-unpooling puts {kept['max-unpooling']:.0%} of the values exactly where they were, because it "
            f"remembers; the bed of nails, always in the upper left corner, {kept['bed of nails']:.0%}."
        ),
        (
            "A transposed convolution stamps its window once for every value. Where the side of the window is a "
            f"multiple of the stride ({', '.join(even)}) every place is stamped equally often; else a uniform map "
            f"comes out chequered: 3 x 3 by 2 varies by {uneven['3 x 3 by 2']:.0%} of its mean."
        ),
        (
            "Started as bilinear interpolation, a window of 4 x 4 by 2 leaves a uniform map as it is (largest change "
            f"{start:.1g}), and learns from there."
        ),
    ]
    example = of_each_class(prepared)[:SHOWN].float() / 255
    example = example[:, :, : sides[0], : sides[1]]
    columns = {"as it was": example, **enlarged(example)}
    plates = [
        Plate(
            "Pictures halved and doubled",
            shown(torch.cat(list(columns.values()))),
            "Nearest and bilinear fill every pixel; nails and unpooling leave zeros that a convolution has to fill.",
            [name if k == 0 else "" for name in columns for k in range(len(example))],
        ),
        Plate(
            "A uniform map, stamped out",
            shown(torch.cat([_grey(stamped(f, s)) for f, s in WINDOWS])),
            "By transposed convolutions with a flat window. Chequers: places that more windows "
            "reach than their neighbours.",
            [f"{f} x {f} by {s}" for f, s in WINDOWS],
        ),
    ]
    charts = [
        Chart(
            "How uneven a uniform map comes out",
            draw(lambda figure: _paint(figure, uneven), 240),
            "Deviation over mean of how often a place is stamped. 0 where the stride divides the side.",
        )
    ]
    rows = [[name, f"{errors[name]:.3f}", f"{kept[name]:.0%}"] for name in errors]
    tables = [Table("Halved and doubled", ["way", "off by", "largest values in place"], rows)]
    result = {"errors": errors, "kept": kept, "unevenness": uneven}
    return Exhibit("Making maps larger", findings, charts, plates, tables, result)


def enlarged(images: Tensor) -> dict[str, Tensor]:
    """Pictures (N, C, H, W) with even sides, halved by the largest of 2x2 and doubled in each way."""
    small, places = ways.max_pool(images)
    size = (images.shape[2], images.shape[3])
    return {
        "nearest": ways.nearest(small),
        "bilinear": ways.bilinear(small),
        "bed of nails": ways.bed_of_nails(small),
        "max-unpooling": ways.max_unpool(small, places, size),
    }


def places_kept(images: Tensor, back: dict[str, Tensor]) -> dict[str, float]:
    """The share of blocks whose single largest value stands, alone, where it stood before; of blocks that have one."""
    blocks = _blocks(images)
    largest = blocks.amax(-1, keepdim=True)
    single = (blocks == largest).sum(-1) == 1
    found = {}
    for name, large in back.items():
        again = _blocks(large)
        alone = (again == again.amax(-1, keepdim=True)).sum(-1) == 1
        same = (again.argmax(-1) == blocks.argmax(-1)) & alone & (again.amax(-1) == largest[..., 0])
        found[name] = float(same[single].float().mean())
    return found


def unevenness(field: int, stride: int) -> float:
    """Deviation over mean of a uniform map behind a transposed convolution, away from the rim."""
    inner = stamped(field, stride)[..., field:-field, field:-field]
    return float(inner.std(correction=0) / inner.mean())


def stamped(field: int, stride: int) -> Tensor:
    """A uniform map behind a transposed convolution that stamps a flat window, (1, 1, h, w)."""
    layer = nn.ConvTranspose2d(1, 1, field, stride=stride, bias=False)
    nn.init.constant_(layer.weight, 1 / field**2)
    with torch.no_grad():
        return layer(torch.ones(1, 1, SIDE_PX, SIDE_PX))


def _blocks(images: Tensor) -> Tensor:
    """(N, C, H, W) -> blocks of 2x2 pixels (N, C, h, w, 4)."""
    return images.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)


def _grey(values: Tensor) -> Tensor:
    """One map (1, 1, h, w) in grey, its largest nearly white, all of one size."""
    return F.interpolate(0.85 * values / values.amax(), size=(48, 48)).expand(-1, 3, -1, -1)


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{value:.3f} ({name})" for name, value in values.items())


def _paint(figure: Figure, uneven: dict[str, float]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    rows = np.arange(len(uneven))[::-1]
    colours = [BLUE if value < 1e-3 else ORANGE for value in uneven.values()]
    axes.barh(rows, list(uneven.values()), 0.6, color=colours)
    for row, value in zip(rows, uneven.values(), strict=True):
        axes.annotate(f"{value:.0%}", (value, row), (4, 0), textcoords="offset points", va="center")
    axes.set_yticks(rows, list(uneven))
    axes.set(xticks=[], xlim=(0, 1.2 * max(uneven.values())))
    axes.spines["bottom"].set_visible(False)
