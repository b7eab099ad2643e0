"""How many objects can a set of anchors match?"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.annotations import Annotations
from ..geometry.anchors import Anchors, fit_shapes, shape_overlaps
from ..geometry.boxes import iou
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._objects import marked

HIT, HIGH = 0.5, 0.7  # IoU at which an anchor counts as near, and from which Faster R-CNN's are positive
RATIOS = (0.5, 1.0, 2.0)
CLUSTERS = (1, 3, 5, 9)
QUICK = {"pictures": 12}


def run(
    data: Annotated[str, About("a set with marked objects: a name or a path")] = "shapes",
    pictures: Annotated[int, Limits(1, 100_000), About("pictures that are looked at")] = 150,
    size: Annotated[int, Limits(0, 4096), About("pixels the long side is brought to; 0: as it is")] = 0,
    stride: Annotated[int, Limits(2, 64), About("pixels between anchors on a single map")] = 16,
    seed: Annotated[int, Limits(0), About("of the clusters' starts")] = 0,
) -> Exhibit:
    frames, boxes = scaled(marked(data, pictures), pictures, size)
    sides = torch.cat(boxes)
    sides = sides[:, 2:] - sides[:, :2]
    fitted = {k: fit_shapes(sides, k, seed) for k in CLUSTERS if len(sides.unique(dim=0)) >= k}
    sets = candidates(fitted, stride)
    near = {name: overlaps(anchors, frames, boxes) for name, anchors in sets.items()}
    share = {name: float((values >= HIT).float().mean()) for name, values in near.items()}
    sure = {name: float((values >= HIGH).float().mean()) for name, values in near.items()}
    counts = {name: n_anchors(anchors, *max(frames)) for name, anchors in sets.items()}
    paper, best = next(iter(share)), max(share, key=lambda name: (share[name], sure[name]))
    typical = sides.prod(1).sqrt()
    findings = [
        (
            f"{len(sides)} objects of {data} have sides from {float(typical.quantile(0.05)):.0f} to "
            f"{float(typical.quantile(0.95)):.0f} px (root of the area, the middle 90 %)."
        ),
        (
            f"The anchors of Faster R-CNN, made for pictures of 600 px and more ({paper}), come near (IoU of {HIT}) to "
            f"{share[paper]:.0%} of them. What no anchor comes near is learned from its best anchor alone, or not."
        ),
        (
            f"The set '{best}' comes near to {share[best]:.0%}, and to {sure[best]:.0%} by {HIGH}, with "
            f"{counts[best]:,} anchors in the largest picture."
        ),
    ]
    if len(fitted) > 1:
        few, many = min(fitted), max(fitted)
        fits = {k: float(shape_overlaps(sides, fitted[k]).amax(1).mean()) for k in (few, many)}
        findings.append(
            f"Shapes fitted to the objects (k-means on IoU): the best of {few} overlaps an object by {fits[few]:.2f} "
            f"on average when laid on it, the best of {many} by {fits[many]:.2f}; the places of the grid cost the rest."
        )
    charts = [
        Chart(
            "Objects that an anchor comes near to",
            draw(lambda figure: _bars(figure, share, sure), 60 + 34 * len(sets)),
            f"Share of objects whose best anchor overlaps them by {HIT} (orange) and by {HIGH} (blue).",
        ),
        Chart(
            "Shapes of the objects and of anchors fitted to them",
            draw(lambda figure: _shapes(figure, sides, fitted[max(fitted)]), 280),
            "A dot: an object's width and height in pixels. Squares: fitted anchors.",
        ),
    ]
    rows = [[n, f"{counts[n]:,}", f"{share[n]:.1%}", f"{sure[n]:.1%}", f"{float(near[n].mean()):.2f}"] for n in sets]
    tables = [Table("Sets of anchors", ["set", "anchors", f"IoU {HIT}", f"IoU {HIGH}", "mean IoU"], rows)]
    result = {"near": share, "sure": sure, "anchors": counts, "fitted": {k: s.tolist() for k, s in fitted.items()}}
    return Exhibit("Anchors", findings, charts, tables=tables, data=result)


def scaled(annotations: Annotations, pictures: int, size: int) -> tuple[list[tuple[int, int]], list[Tensor]]:
    """Heights and widths of pictures with objects, and their boxes, with the long side brought to `size`."""
    frames: list[tuple[int, int]] = []
    boxes: list[Tensor] = []
    for (height, width), one in zip(annotations.sizes.tolist(), annotations.objects, strict=True):
        times = size / max(height, width) if size else 1.0
        found = torch.from_numpy(one.boxes[~one.crowd]).float() * times
        if len(found) and len(frames) < pictures:
            frames.append((round(height * times), round(width * times)))
            boxes.append(found)
    if not frames:
        raise ValueError(f"no picture of {annotations.origin} holds an object; take another set")
    return frames, boxes


def candidates(fitted: Mapping[int, Tensor], stride: int) -> dict[str, Anchors]:
    """Sets of anchors by name: those of papers, and those fitted to the objects."""
    sets = {
        "9 a place, 128 to 512 px": Anchors([[128, 256, 512]], [RATIOS], [stride]),
        "9 a place, 16 to 64 px": Anchors([[16, 32, 64]], [RATIOS], [stride]),
        "pyramid, 32 to 512 px": Anchors([[32 * 2**k] for k in range(5)], [RATIOS] * 5, [4 * 2**k for k in range(5)]),
        "pyramid, 8 to 128 px": Anchors([[8 * 2**k] for k in range(5)], [RATIOS] * 5, [4 * 2**k for k in range(5)]),
    }
    return sets | {f"{k} fitted": Anchors.of_shapes([shapes], [stride]) for k, shapes in fitted.items()}


def maps(anchors: Anchors, height: int, width: int) -> list[tuple[int, int]]:
    """Heights and widths of the maps of a picture."""
    return [(-(-height // stride), -(-width // stride)) for stride in anchors.strides]


def n_anchors(anchors: Anchors, height: int, width: int) -> int:
    return sum(h * w * n for (h, w), n in zip(maps(anchors, height, width), anchors.per_place, strict=True))


def overlaps(anchors: Anchors, frames: list[tuple[int, int]], boxes: list[Tensor]) -> Tensor:
    """The IoU of each object with its best anchor, (objects,)."""
    laid = {frame: torch.cat(anchors(maps(anchors, *frame))) for frame in set(frames)}
    return torch.cat([iou(one, laid[frame]).amax(1) for frame, one in zip(frames, boxes, strict=True)])


def _bars(figure: Figure, share: dict[str, float], sure: dict[str, float]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    rows = np.arange(len(share))[::-1]
    for offset, shares, name, colour in ((0.2, share, f"by {HIT}", ORANGE), (-0.2, sure, f"by {HIGH}", BLUE)):
        axes.barh(rows + offset, list(shares.values()), 0.36, color=colour, label=name)
        for row, value in zip(rows + offset, shares.values(), strict=True):
            axes.annotate(f"{value:.0%}", (value, row), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(rows, list(share))
    axes.set(xticks=[], xlim=(0, 1.16))
    axes.spines["bottom"].set_visible(False)
    legend(axes)


def _shapes(figure: Figure, sides: Tensor, fitted: Tensor) -> None:
    axes = figure.add_subplot()
    axes.plot(*sides[:2000].T.numpy(), "o", ms=2, alpha=0.4, color=MUTED, label="objects")
    axes.plot(*fitted.T.numpy(), "s", ms=6, color=ORANGE, label="fitted anchors")
    scale(axes, "x", log=False)
    axes.set(xlabel="width", ylabel="height", xlim=(0, None), ylim=(0, None))
    legend(axes)
