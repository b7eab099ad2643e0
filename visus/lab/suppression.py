"""Where must the threshold of suppression lie: how many duplicates stay, how many neighbours are eaten?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.annotations import Annotations
from ..data.decode import read_full
from ..geometry.boxes import from_centre, iou, to_centre
from ..geometry.nms import batched_nms
from ..recipes._form import About, Limits
from ..report.figures.boxes import Mark, drawn
from ..report.figures.canvas import BLUE, INK, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table
from ._objects import marked

THRESHOLDS = tuple(round(0.05 * n, 2) for n in range(1, 20))
SHOWN_AT = (0.1, 0.5, 0.9)
HIT = 0.5  # IoU at which a box has found an object
LUCK = 0.05  # deviation of a score that has nothing to do with where a box lies
QUICK = {"pictures": 10}


@dataclass(frozen=True)
class Scene:
    """A picture's objects, boxes (N, 4) and labels (N,), and what a detector said of them before suppression."""

    boxes: Tensor
    labels: Tensor
    found: Tensor  # (M, 4)
    scores: Tensor  # (M,)
    said: Tensor  # (M,)


def run(
    data: Annotated[str, About("a set with marked objects: a name or a path")] = "shapes",
    pictures: Annotated[int, Limits(1, 10_000), About("pictures with at least two objects")] = 80,
    answers: Annotated[int, Limits(1, 100), About("boxes around each object before suppression")] = 10,
    spread: Annotated[float, Limits(0.0, 1.0), About("deviation of a box in sides of its object")] = 0.08,
    classes: Annotated[bool, About("suppress within a class only")] = False,
    seed: Annotated[int, Limits(0), About("of the boxes that are said")] = 0,
) -> Exhibit:
    annotations = marked(data, pictures)
    rows = crowded(annotations, pictures)
    random = torch.Generator().manual_seed(seed)
    scenes = [scene(annotations, row, answers, spread, random) for row in rows]
    tried = {t: judged(scenes, t, classes) for t in THRESHOLDS}
    best = max(THRESHOLDS, key=lambda t: tried[t]["f1"])
    low, middle, high = (tried[t] for t in (THRESHOLDS[0], 0.5, THRESHOLDS[-1]))
    close = sum(neighbours(one, 0.3, classes) for one in scenes) / sum(len(one.boxes) for one in scenes)
    findings = [
        (
            f"{len(scenes)} pictures of {data} with {sum(len(one.boxes) for one in scenes)} objects, of which "
            f"{close:.0%} overlap another by more than 0.3; a drawn detector says {answers} boxes around each."
        ),
        (
            f"At a threshold of {THRESHOLDS[0]} every neighbour that touches is suppressed: {low['eaten']:.0%} of the "
            f"objects are eaten. At {THRESHOLDS[-1]} it is {high['eaten']:.0%}, but {high['duplicates']:.1f} "
            "duplicates stay for each object."
        ),
        (
            f"At 0.5 it is {middle['eaten']:.1%} eaten and {middle['duplicates']:.2f} duplicates. The best balance (F1 "
            f"of what stays) here is at {best}."
        ),
    ]
    charts = [
        Chart(
            "Eaten neighbours and duplicates",
            draw(lambda figure: _paint(figure, tried, best), 260),
            "Blue: objects of which no box is left. Orange: boxes too many, of all that stay. Dots: the best F1.",
        )
    ]
    shown = max(range(len(scenes)), key=lambda k: neighbours(scenes[k], 0.1, classes))
    plates = [
        Plate(
            f"What stays at a threshold of {t}",
            _drawn(annotations, rows[shown], scenes[shown], t, classes)[None],
            "Broken: an object of which nothing is left.",
        )
        for t in SHOWN_AT
    ]
    table = [
        [f"{t}", f"{one['eaten']:.1%}", f"{one['duplicates']:.2f}", f"{one['f1']:.3f}"] for t, one in tried.items()
    ]
    tables = [Table("What stays", ["threshold", "objects eaten", "duplicates an object", "F1"], table)]
    data_ = {"thresholds": THRESHOLDS, "measured": list(tried.values()), "best": best}
    return Exhibit("Suppression", findings, charts, plates, tables, data_)


def crowded(annotations: Annotations, n: int) -> list[int]:
    """The first n pictures with two objects or more, or ValueError."""
    rows = [row for row, one in enumerate(annotations.objects) if (~one.crowd).sum() > 1][:n]
    if not rows:
        raise ValueError(
            f"no picture of {annotations.origin} holds two objects, so none can be eaten; take another set"
        )
    return rows


def scene(annotations: Annotations, row: int, answers: int, spread: float, random: torch.Generator) -> Scene:
    """Boxes said around each object: the better one lies, the higher its score, but for some luck."""
    objects = annotations.objects[row]
    boxes = torch.from_numpy(objects.boxes[~objects.crowd]).float()
    labels = torch.from_numpy(objects.labels[~objects.crowd])
    said = boxes.repeat_interleave(answers, 0)
    middle = to_centre(said)
    moved = torch.randn(said.shape, generator=random) * spread
    sides = middle[:, 2:] * moved[:, 2:].exp()
    found = from_centre(torch.cat([middle[:, :2] + moved[:, :2] * middle[:, 2:], sides], 1))
    near = iou(found[:, None], said[:, None])[:, 0, 0]
    scores = (near + LUCK * torch.randn(len(near), generator=random)).clamp(0, 1)
    return Scene(boxes, labels, found, scores, labels.repeat_interleave(answers))


def stay(one: Scene, threshold: float, classes: bool) -> Tensor:
    """Rows of what was said that suppression leaves, the best first."""
    groups = one.said if classes else torch.zeros_like(one.said)
    return batched_nms(one.found, one.scores, groups, threshold)


def hits(one: Scene, kept: Tensor) -> Tensor:
    """Which objects are found (N,), each by a box of its own and of its class: the best score chooses first."""
    overlap = iou(one.found[kept], one.boxes)
    overlap[one.said[kept][:, None] != one.labels] = 0
    taken = torch.zeros(len(one.boxes), dtype=torch.bool)
    for row in overlap:
        near, which = row.masked_fill(taken, 0).max(0)
        if near >= HIT:
            taken[which] = True
    return taken


def judged(scenes: Sequence[Scene], threshold: float, classes: bool) -> dict[str, float]:
    """Share of objects eaten, duplicates for each object, and F1 of what stays."""
    objects = right = boxes = 0
    for one in scenes:
        kept = stay(one, threshold, classes)
        objects, boxes = objects + len(one.boxes), boxes + len(kept)
        right += int(hits(one, kept).sum())
    return {
        "eaten": 1 - right / objects,
        "duplicates": (boxes - right) / objects,
        "surplus": (boxes - right) / max(boxes, 1),
        "f1": 2 * right / (boxes + objects),
    }


def neighbours(one: Scene, least: float, classes: bool) -> int:
    """How many objects overlap another, of their class if only that is suppressed, by more than so much."""
    overlap = iou(one.boxes, one.boxes).fill_diagonal_(0)
    if classes:
        overlap[one.labels[:, None] != one.labels] = 0
    return int((overlap > least).any(1).sum())


def _drawn(annotations: Annotations, row: int, one: Scene, threshold: float, classes: bool) -> Any:
    kept = stay(one, threshold, classes)
    found = hits(one, kept)
    marks = [Mark(one.found[k].numpy(), colour=int(one.said[k])) for k in kept.tolist()]
    lost = [Mark(box.numpy(), colour=int(label), dashed=True, strong=True) for box, label in _pairs(one, ~found)]
    return drawn(read_full(annotations.paths[row]), [*marks, *lost])


def _pairs(one: Scene, which: Tensor) -> list[tuple[Tensor, Tensor]]:
    return list(zip(one.boxes[which], one.labels[which], strict=True))


def _paint(figure: Figure, tried: dict[float, dict[str, float]], best: float) -> None:
    axes = figure.add_subplot()
    for name, label, colour, dash in (
        ("eaten", "objects eaten", BLUE, "-"),
        ("surplus", "boxes too many", ORANGE, "--"),
        ("f1", "F1", INK, ":"),
    ):
        axes.plot(list(tried), [one[name] for one in tried.values()], dash, color=colour, label=label)
        axes.plot([best], [tried[best][name]], "o", ms=4, color=colour)
    scale(axes, "x", log=False)
    percent(axes, "y")
    axes.set(xlabel="threshold (IoU)", ylim=(-0.03, 1.03))
    legend(axes)
