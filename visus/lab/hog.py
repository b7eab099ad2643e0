"""Which way do the edges of a picture run?"""

import math
from typing import Annotated, Literal

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ..data.decode import Frame, read_array
from ..data.named import open_named
from ..features._feature import luma
from ..features.hog import build, cells, gradients
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, percent
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._pictures import shown

ORIENTATIONS, MOST_SHOWN = 9, 4
GLYPH_PX = 13  # side of the star that stands for one cell
QUICK = {"side": 64}


def run(
    data: Annotated[str, About("photographs, two that come with scikit-learn, or a named set")] = "photographs",
    side: Annotated[int, Limits(16, 512), About("pixels that the pictures are brought to")] = 128,
    cell: Annotated[int, Limits(2, 64), About("side of a cell in pixels")] = 8,
    weighting: Annotated[Literal["cell", "picture"], About("a star is as bright as its share of which")] = "picture",
) -> Exhibit:
    images = _load(data, side)
    grey = luma(images.double() / 255)
    down, right = gradients(grey)
    strength, angle = torch.hypot(down, right), torch.atan2(down, right).rad2deg()
    histograms = cells(strength, angle, ORIENTATIONS, cell)
    lost = dropped(grey)
    ours, theirs = (
        build((3, side, side), cell=cell, course_quirks=quirks).double() for quirks in (False, True)
    )  # fmt: skip
    changes = {name: inverted(feature, images) for name, feature in (("correct", ours), ("course", theirs))}
    findings = [
        (
            f"{len(images)} pictures of {side} x {side} pixels become {ours.size:,} numbers each: {ORIENTATIONS} "
            f"orientations in each cell of {cell} x {cell} pixels."
        ),
        (
            f"The course's own code drops {lost:.0%} of their gradient strength: its angles run over a full turn, its "
            "bins over half of one."
        ),
        (
            f"With light and dark exchanged the descriptions change by {changes['correct']:.1%} of their length, the "
            f"course's by {changes['course']:.0%}: edges run the same way in a negative."
        ),
    ]
    edges = strength / strength.amax((1, 2), keepdim=True).clamp_min(1e-12)
    plates = [
        Plate("Pictures", shown(images), "As they are."),
        Plate("Strength of the gradient", shown(edges[:, None].expand(-1, 3, -1, -1)), "White: a strong edge."),
    ]
    charts = [_sky(stars(one, weighting)) for one in histograms]
    mean = {
        "correct": _shares(ours.describe(images)),
        "course": _shares(theirs.describe(images)),
    }
    numbers = {"dropped": lost, "changed_by_inversion": changes, "orientations": {k: list(v) for k, v in mean.items()}}
    return Exhibit("Oriented gradients", findings, [*charts, _bars(mean)], plates, data=numbers)


def dropped(grey: Tensor) -> float:
    """The share of gradient strength that the course's bins do not hold: of all that grows lighter to the left."""
    right, down = grey.diff(dim=2)[:, :-1], grey.diff(dim=1)[:, :, :-1]
    strength = torch.hypot(down, right)
    return float(strength[right < 0].sum() / strength.sum())


def inverted(feature: torch.nn.Module, images: Tensor) -> float:
    """How far descriptions move when light and dark are exchanged, as a share of their length."""
    before, after = feature(images), feature(255 - images)
    return float((after - before).norm() / before.norm())


def stars(histograms: Tensor, weighting: str) -> NDArray[np.uint8]:
    """Histograms (O, R, C) as a picture of stars (R * GLYPH_PX, C * GLYPH_PX, 3)."""
    O, R, C = histograms.shape  # noqa: E741 - the letter of orientations
    largest = histograms.amax(0, keepdim=True) if weighting == "cell" else histograms.amax()
    bright = (histograms / largest.clamp_min(1e-12)).sqrt()
    reach = torch.arange(GLYPH_PX) - GLYPH_PX // 2
    canvas = torch.zeros(R, C, GLYPH_PX, GLYPH_PX, dtype=torch.float64)
    for orientation in range(O):
        across = math.radians((orientation + 0.5) * 180 / O) + math.pi / 2  # an edge runs across its gradient
        place = (reach * math.sin(across)).round().long() + GLYPH_PX // 2
        along = (reach * math.cos(across)).round().long() + GLYPH_PX // 2
        canvas[:, :, place, along] = torch.maximum(canvas[:, :, place, along], bright[orientation, :, :, None])
    grey = (255 * canvas.permute(0, 2, 1, 3).reshape(R * GLYPH_PX, C * GLYPH_PX)).round().to(torch.uint8)
    return grey[:, :, None].expand(-1, -1, 3).numpy()


def _load(data: str, side: int) -> Tensor:
    """Pictures uint8 (N, 3, side, side)."""
    if data == "photographs":
        from sklearn.datasets import load_sample_images

        photographs = load_sample_images().images
    else:
        collection = open_named(data)
        _, rows = np.unique(collection.labels, return_index=True)
        own = Frame(side, side, "stretch")
        photographs = [collection.pictures.load(int(row), own) for row in rows[:MOST_SHOWN]]
    framed = np.stack([read_array(photograph, Frame(side, side, "crop")) for photograph in photographs])
    return torch.from_numpy(framed).permute(0, 3, 1, 2).contiguous()


def _sky(picture: NDArray[np.uint8]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.imshow(picture)
        axes.set_axis_off()

    reading = "A star for each cell: its strokes lie along the edges, each as bright as its orientation is frequent."
    return Chart("Histograms of oriented gradients", draw(paint, 340), reading)


def _shares(descriptions: Tensor) -> NDArray[np.float64]:
    """The share of each orientation in all cells of all pictures, (O,)."""
    votes = descriptions.reshape(-1, ORIENTATIONS).sum(0)
    found: NDArray[np.float64] = (votes / votes.sum()).numpy()
    return found


def _bars(shares: dict[str, NDArray[np.float64]]) -> Chart:
    places = np.arange(ORIENTATIONS)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.bar(places - 0.2, shares["correct"], 0.38, color=BLUE, label="correct")
        axes.bar(places + 0.2, shares["course"], 0.38, color=ORANGE, label="as in the course")
        axes.set_xticks(places, [f"{round((i + 0.5) * 180 / ORIENTATIONS)}" for i in places])
        axes.set(xlabel="orientation of the gradient, degrees", ylabel="share of votes")
        percent(axes, "y")
        legend(axes)

    reading = "0: brightness grows sideways, 90: up or down. The course's bins are a quarter turn on: its 90 is our 0."
    return Chart("How often each orientation occurs", draw(paint, 240), reading)
