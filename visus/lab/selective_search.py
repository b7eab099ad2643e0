"""How many objects do a thousand proposals meet that were made without knowing any?"""

import time
from typing import Annotated, Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ..data import proposals
from ..data.decode import read_full
from ..engine import catalogue
from ..geometry.boxes import iou
from ..recipes._form import About, Limits
from ..report.figures.boxes import Mark, drawn
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table
from ._objects import marked

HIT = 0.5
SHOWN = 2
COUNTS = (10, 30, 100, 300, 1000, 2000)
WORDS = {"selective_search": "selective search", "sliding_window": "a grid of windows"}
QUICK = {"pictures": 2}


def run(
    data: Annotated[str, About("a set with marked objects: a name or a path")] = "shapes",
    pictures: Annotated[int, Limits(1, 1000), About("pictures with objects that are looked at")] = 20,
) -> Exhibit:
    annotations = marked(data, pictures)
    rows = [row for row, one in enumerate(annotations.objects) if (~one.crowd).any()][:pictures]
    if not rows:
        raise ValueError(f"no picture of {data} holds an object; take another set")
    images = [read_full(annotations.paths[row]) for row in rows]
    objects = [annotations.objects[row].boxes[~annotations.objects[row].crowd] for row in rows]
    truth = [torch.from_numpy(boxes).float() for boxes in objects]
    found, seconds = {}, {}
    for name in WORDS:
        find, began = catalogue.find(proposals, name).find, time.perf_counter()
        found[name] = [torch.from_numpy(find(image, COUNTS[-1])) for image in images]
        seconds[name] = (time.perf_counter() - began) / len(images)
    met = {name: [recall(boxes, truth, n) for n in COUNTS] for name, boxes in found.items()}
    made = {name: sum(map(len, boxes)) / len(boxes) for name, boxes in found.items()}
    search, grid = WORDS
    findings = [
        (
            f"On {len(images)} pictures of {data} with {sum(map(len, truth))} objects, the first 100 boxes of "
            f"selective search meet {met[search][2]:.0%} of them (IoU of {HIT}), all {made[search]:.0f} it makes "
            f"{met[search][-1]:.0%}."
        ),
        (
            f"A grid of windows of many sizes meets {met[grid][2]:.0%} with 100 and {met[grid][-1]:.0%} with "
            f"{made[grid]:.0f}: it looks at nothing, and needs more boxes for the same."
        ),
        (
            f"Selective search takes {seconds[search]:.2f} s a picture, a grid {1000 * seconds[grid]:.1f} ms. This is "
            "what Faster R-CNN's own proposals save."
        ),
    ]
    charts = [
        Chart(
            "Objects met",
            draw(lambda figure: _paint(figure, met), 240),
            f"The share of objects that at least one of so many boxes overlaps by {HIT}.",
        )
    ]
    plates = [
        Plate(
            f"Proposals of {annotations.names[rows[k]]}",
            _nearest(images[k], truth[k], found[search][k])[None],
            "Whole lines: the box of selective search nearest to each object. Broken: the object.",
        )
        for k in range(min(SHOWN, len(images)))
    ]
    table = [[str(n), f"{met[search][k]:.1%}", f"{met[grid][k]:.1%}"] for k, n in enumerate(COUNTS)]
    tables = [Table("Objects met", ["boxes", *WORDS.values()], table)]
    data_ = {"counts": COUNTS, "met": met, "seconds_a_picture": seconds, "made": made}
    return Exhibit("Selective search", findings, charts, plates, tables, data_)


def recall(found: list[Tensor], truth: list[Tensor], n: int) -> float:
    """The share of objects that one of the first n boxes of its picture overlaps by HIT."""
    hit = [(iou(boxes, near[:n]) >= HIT).any(1) for boxes, near in zip(truth, found, strict=True)]
    return float(torch.cat(hit).float().mean())


def _nearest(image: NDArray[np.uint8], truth: Tensor, found: Tensor) -> NDArray[np.uint8]:
    near = found[iou(truth, found).argmax(1)]
    marks = [Mark(box.numpy(), colour=k, dashed=True) for k, box in enumerate(truth)]
    return drawn(image, [*marks, *(Mark(box.numpy(), colour=k) for k, box in enumerate(near))])


def _paint(figure: Figure, met: dict[str, Any]) -> None:
    axes = figure.add_subplot()
    for name, colour, dash in zip(WORDS, (BLUE, ORANGE), ("-o", "--s"), strict=True):
        axes.plot(COUNTS, met[name], dash, ms=4, color=colour, label=WORDS[name])
    scale(axes, "x", log=True)
    percent(axes, "y")
    axes.set(xlabel="boxes a picture", ylim=(-0.03, 1.03))
    legend(axes)
