"""What does RoIAlign keep of a box that RoI pooling rounds away?"""

from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..layers.roi import roi_align, roi_pool
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

PLACES = 121  # of the moving box
STRIDES = (4, 8, 16, 32)
QUICK = {"boxes": 20}


def run(
    stride: Annotated[int, Limits(1, 64), About("pixels of the picture in a pixel of the map")] = 16,
    side: Annotated[float, Limits(4.0, 1000.0), About("of the moving box in pixels")] = 100.0,
    bins: Annotated[int, Limits(1, 28), About("along each side of the cut-out")] = 7,
    boxes: Annotated[int, Limits(2, 10_000), About("drawn at random for the average")] = 400,
    seed: Annotated[int, Limits(0), About("of those boxes")] = 0,
) -> Exhibit:
    shifts = torch.linspace(0, 2 * stride, PLACES)
    seen = {name: said.tolist() for name, said in followed(stride, side, bins, shifts).items()}
    errors = {s: off(s, bins, boxes, seed) for s in STRIDES}
    pooled, aligned = (worst(seen[name], shifts) for name in ("RoI pooling", "RoIAlign"))
    jumps = len(set(seen["RoI pooling"]))
    findings = [
        (
            f"A box is moved aside over a map that holds each pixel's own place, by two of its pixels ({2 * stride} px "
            f"of the picture). RoIAlign answers where the box is, at most {aligned:.2f} px off."
        ),
        (
            f"RoI pooling rounds the box to whole pixels of the map: over {PLACES} places it gives {jumps} different "
            f"answers, up to {pooled:.1f} px off."
        ),
        (
            f"Over {boxes} boxes of all sizes and places a bin's middle lies on average "
            + ", ".join(f"{errors[s]['RoI pooling']:.1f} px off at stride {s}" for s in STRIDES)
            + " with RoI pooling; with RoIAlign "
            + f"{max(errors[s]['RoIAlign'] for s in STRIDES):.2f} px at most."
        ),
        "A class may be told from features a few pixels off; a mask that is drawn pixel by pixel may not.",
    ]
    charts = [
        Chart(
            "Where the box seems to be",
            draw(lambda figure: _places(figure, shifts.tolist(), seen), 240),
            "The middle of the cut-out as the map tells it, against how far the box was moved. Steps: rounding.",
        ),
        Chart(
            "How far off a bin lies",
            draw(lambda figure: _errors(figure, errors), 220),
            "Average distance between a bin's middle and what is read there, over random boxes.",
        ),
    ]
    rows = [[str(s), f"{errors[s]['RoI pooling']:.2f}", f"{errors[s]['RoIAlign']:.2f}"] for s in STRIDES]
    tables = [Table("Pixels of the picture a bin lies off", ["stride", "RoI pooling", "RoIAlign"], rows)]
    data = {"shifts": shifts.tolist(), "seen": seen, "errors": {str(s): errors[s] for s in STRIDES}}
    return Exhibit("RoI pooling and RoIAlign", findings, charts, tables=tables, data=data)


def places(stride: int, size: int) -> Tensor:
    """A map (1, 1, size, size) each of whose pixels holds where its middle lies across the picture, in pixels."""
    return ((torch.arange(size) + 0.5) * stride).expand(1, 1, size, size)


def read(stride: int, boxes: Tensor, bins: int) -> dict[str, Tensor]:
    """Where each bin of boxes (K, 4) seems to lie across the picture, in pixels, (K, bins)."""
    size = int(boxes.max().item() // stride) + 3
    rows = torch.cat([torch.zeros(len(boxes), 1), boxes], 1)
    whole = places(stride, size)
    # what is the largest of a bin lies at its right edge, and mirrored at its left: their mean is its middle
    right = roi_pool(whole, rows, bins, 1 / stride)[:, 0, 0]
    left = -roi_pool(-whole, rows, bins, 1 / stride)[:, 0, 0]
    return {"RoI pooling": (left + right) / 2, "RoIAlign": roi_align(whole, rows, bins, 1 / stride)[:, 0, 0]}


def followed(stride: int, side: float, bins: int, shifts: Tensor) -> dict[str, Tensor]:
    """How far a moving box seems to have moved, in pixels of the picture, (places,)."""
    start = float(stride)
    boxes = torch.tensor([start, start, start + side, start + side]) + shifts[:, None] * torch.tensor([1.0, 0, 1, 0])
    middles = {name: found.mean(1) for name, found in read(stride, boxes, bins).items()}
    return {name: middle - (start + side / 2) for name, middle in middles.items()}


def worst(seen: list[float], shifts: Tensor) -> float:
    """The largest distance between where the box seems to be and where it is."""
    return float((torch.tensor(seen) - shifts).abs().max())


def off(stride: int, bins: int, n: int, seed: int) -> dict[str, float]:
    """Average distance of bins from where they should be, in pixels of the picture, over boxes of 32 to 400 px."""
    random = torch.Generator().manual_seed(seed)
    low = stride + 400 * torch.rand(n, 2, generator=random)
    sides = 32 + 368 * torch.rand(n, 2, generator=random)
    boxes = torch.cat([low, low + sides], 1)
    true = low[:, :1] + sides[:, :1] * (torch.arange(bins) + 0.5) / bins
    return {name: float((found - true).abs().mean()) for name, found in read(stride, boxes, bins).items()}


def _places(figure: Figure, shifts: list[float], seen: dict[str, list[float]]) -> None:
    axes = figure.add_subplot()
    for name, colour, dash in (("RoI pooling", ORANGE, "-"), ("RoIAlign", BLUE, "--")):
        axes.plot(shifts, seen[name], dash, color=colour, label=name)
    scale(axes, "x", log=False)
    axes.set(xlabel="moved by, in pixels", ylabel="seems moved by")
    legend(axes)


def _errors(figure: Figure, errors: dict[int, dict[str, float]]) -> None:
    axes = figure.add_subplot()
    for name, colour, marker in (("RoI pooling", ORANGE, "o"), ("RoIAlign", BLUE, "s")):
        axes.plot(
            [str(s) for s in STRIDES], [errors[s][name] for s in STRIDES], marker, ls="-", color=colour, label=name
        )
    axes.set(xlabel="stride of the map", ylabel="pixels off")
    legend(axes)
