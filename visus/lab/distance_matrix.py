"""What does the picture of all distances show?"""

from typing import Annotated, Literal

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.batches import Prepared
from ..geometry.distances import cosine_distances, l1_distances, l2_distances
from ..recipes._form import About, Limits
from ..report.exhibit import Exhibit, Plate
from ..report.figures.canvas import INK, MUTED, draw
from ..report.figures.chart import Chart
from ._pictures import few, shown

DISTANCES = {"l1": l1_distances, "l2": l2_distances, "cosine": cosine_distances}
SHOWN = 4  # pictures at each end
QUICK = {"n": 300}


def run(
    data: Annotated[Literal["digits", "mnist", "fashion-mnist", "cifar10"], About("pictures")] = "digits",
    n: Annotated[int, Limits(100, 20_000), About("pictures of the set")] = 1797,
    tested: Annotated[int, Limits(10, 1000), About("validation pictures, one row each")] = 100,
    columns: Annotated[int, Limits(10, 2000), About("training pictures, one column each")] = 300,
    metric: Annotated[Literal["l1", "l2", "cosine"], About("distance")] = "l2",
) -> Exhibit:
    """Distances of validation pictures (rows) from training pictures (columns), both sorted by class."""
    prepared = few(data, n)
    some = prepared.limited(columns, tested)
    (rows, row_labels), (cols, col_labels) = _by_class(some, "validation"), _by_class(some, "train")
    distances = DISTANCES[metric](rows.flatten(1).float() / 255, cols.flatten(1).float() / 255)  # (B, N)
    same = row_labels[:, None] == col_labels
    within, across = float(distances[same].mean()), float(distances[~same].mean())
    by_row, by_column = distances.mean(1), distances.mean(0)
    classes = prepared.collection.classes
    odd_row, odd_column = int(by_row.argmax()), int(by_column.argmax())
    findings = [
        (
            f"Pictures of the same class are {within:.2f} apart on average, of different classes {across:.2f}: "
            f"{100 * (1 - within / across):.0f} % less."
        ),
        (
            f"The brightest row is a picture unlike all training pictures: a {classes[int(row_labels[odd_row])]}, "
            f"{by_row[odd_row]:.2f} from them on average, where the usual row has {by_row.median():.2f}."
        ),
        (
            f"The brightest column is a training picture unlike all others: a {classes[int(col_labels[odd_column])]}, "
            f"{by_column[odd_column]:.2f} from them on average, where the usual column has {by_column.median():.2f}."
        ),
        "A dark square on the diagonal is a class whose pictures resemble one another.",
    ]
    edges = [[int((labels < k).sum()) for k in range(1, len(classes))] for labels in (row_labels, col_labels)]
    chart = Chart(
        f"{metric.upper() if metric != 'cosine' else 'Cosine'} distances, validation against training pictures",
        draw(lambda figure: _paint(figure, distances, edges), 260),
        "Each row is a validation picture, each column a training picture, both sorted by class; bright is far. A "
        "bright row or column is a picture that is far from everything.",
    )
    plates = [
        _ends("Rows: usual ones, then the brightest", rows, by_row, "validation pictures"),
        _ends("Columns: usual ones, then the brightest", cols, by_column, "training pictures"),
    ]
    data_found = {"same_class": within, "other_class": across, "rows": by_row.tolist(), "columns": by_column.tolist()}
    return Exhibit("The matrix of distances", findings, [chart], plates, data=data_found)


def _by_class(prepared: Prepared, part: str) -> tuple[Tensor, Tensor]:
    """Pictures uint8 (N, 3, H, W) and labels of a part, class by class."""
    rows = prepared.rows(part)
    order = rows[np.argsort(prepared.collection.labels[rows], kind="stable")]
    return prepared.images(order), prepared.labels(order)


def _paint(figure: Figure, distances: Tensor, edges: list[list[int]]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    low, high = float(distances.min()), float(distances.max())
    grey = (distances - low) / max(high - low, 1e-12)
    pixels = np.repeat(grey.numpy()[..., None], 3, axis=2)
    axes.imshow(pixels, aspect="auto", interpolation="none", extent=(0, distances.shape[1], distances.shape[0], 0))
    for line in edges[0]:
        axes.plot([-0.012 * distances.shape[1], 0], [line, line], color=MUTED, linewidth=0.8, clip_on=False)
    for line in edges[1]:
        axes.plot(
            [line, line], [distances.shape[0], 1.02 * distances.shape[0]], color=MUTED, linewidth=0.8, clip_on=False
        )
    axes.set(xlim=(0, distances.shape[1]), ylim=(distances.shape[0], 0), xticks=[], yticks=[])
    axes.set_xlabel("training pictures, class by class", labelpad=8)
    axes.set_ylabel("validation pictures", labelpad=8)
    axes.spines[:].set(visible=True, color=INK, linewidth=0.5)


def _ends(title: str, images: Tensor, means: Tensor, what: str) -> Plate:
    order = means.argsort()
    middle = len(order) // 2
    chosen = torch.cat([order[middle : middle + SHOWN], order[-SHOWN:]])
    captions = [f"{float(means[i]):.2f}" for i in chosen]
    return Plate(
        title, shown(images[chosen]), f"The number is the mean distance from all {what} on the other side.", captions
    )
