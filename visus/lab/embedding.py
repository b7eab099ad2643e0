"""Can a map of two dimensions keep neighbours together?"""

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..explain._embedding import NEIGHBOURS, grid, purity
from ..explain.tsne import place
from ..features.pca import principal, project
from ..recipes._form import About, Limits
from ..report.figures.canvas import draw
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate, Table
from ._pictures import few

PERPLEXITIES = (2.0, 30.0, 100.0)
COLOURS = "#0a64a4", "#c2500a", "#157a55", "#8a4b8f", "#b3261e", "#5a6673", "#b08900", "#00838f", "#ad1457", "#4e342e"
QUICK = {"n": 120}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    n: Annotated[int, Limits(60, 5000), About("pictures at most")] = 600,
    seed: Annotated[int, Limits(0), About("of the maps")] = 0,
) -> Exhibit:
    prepared = few(data, n)
    chosen = np.arange(len(prepared.rows("train")))
    rows = prepared.rows("train")[chosen]
    images, labels = prepared.images(rows), prepared.labels(rows)
    pixels = images.flatten(1).double() / 255
    maps, seconds = {}, {}
    for name, make in _ways(pixels, seed):
        began = time.perf_counter()
        maps[name] = make()
        seconds[name] = time.perf_counter() - began
    shares = {f"all {pixels.shape[1]} numbers": purity(pixels, labels)}
    shares |= {name: purity(points, labels) for name, points in maps.items()}
    best = max(maps, key=shares.__getitem__)
    findings = [
        f"{data}, {len(rows)} pictures: of the {NEIGHBOURS} nearest to a picture "
        + ", ".join(f"{share:.0%} by {name}" for name, share in shares.items())
        + " bear its label.",
        (
            f"Chance would be {_chance(labels):.0%}. PCA took {seconds['PCA']:.2f} s and has one answer; t-SNE "
            f"with perplexity 30 took {seconds[_name(30.0)]:.1f} s, and another seed draws another map."
        ),
        (
            "On a map by t-SNE who is beside whom means something; the size of a group and the distance between two "
            "groups do not: with another perplexity they are others."
        ),
    ]
    reading = "Every dot is a picture, every colour a label, which no method was told."
    charts = [
        Chart(name, _dots(points, labels), f"{reading} {shares[name]:.0%} kept.") for name, points in maps.items()
    ]
    tidy = Plate(
        f"{best} with the pictures on it",
        grid(maps[best], images.permute(0, 2, 3, 1).numpy())[None],
        "Each picture in the nearest free cell of a grid: classes meet where their pictures are alike.",
    )
    table = Table("Neighbours of the same label", ["by", "share"], [[k, f"{v:.1%}"] for k, v in shares.items()])
    return Exhibit("Maps of pictures", findings, charts, [tidy], [table], {"shares": shares, "seconds": seconds})


def _ways(pixels: Tensor, seed: int) -> list[tuple[str, Callable[[], Tensor]]]:
    """Name and maker of each map."""

    def bent(perplexity: float) -> Tensor:
        return place(pixels, min(perplexity, (len(pixels) - 1) / 3), seed).double()

    straight = ("PCA", lambda: project(pixels, principal(pixels, 2)))
    return [straight, *((_name(perplexity), partial(bent, perplexity)) for perplexity in PERPLEXITIES)]


def _name(perplexity: float) -> str:
    return f"t-SNE, perplexity {perplexity:g}"


def _chance(labels: Tensor) -> float:
    """The share of other pictures that bear a picture's label."""
    counts = torch.bincount(labels).double()
    return float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))


def _dots(points: Tensor, labels: Tensor) -> str:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for label in labels.unique().tolist():
            x, y = points[labels == label].T.numpy()
            colour = COLOURS[label % len(COLOURS)]
            axes.scatter(x, y, s=5, color=colour, linewidths=0)
            axes.text(
                float(np.median(x)), float(np.median(y)), str(label), fontsize=12, fontweight="bold", color="#1d2730"
            )
        axes.set_axis_off()

    return draw(paint, 260)
