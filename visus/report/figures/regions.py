"""Decision regions: what a classifier says everywhere in the plane, with the points it learned from on top."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .canvas import BLUE, CARD, GREEN, INK, MUTED, ORANGE, PURPLE, RED, WIDTH, draw
from .chart import Chart

Predict = Callable[[NDArray[np.float32]], ArrayLike]  # points (N, 2) -> classes (N,)

CELLS = 160  # a side of the grid that is asked: finer than a phone shows
MARGIN = 0.08  # of the points' extent, around them
MOST_POINTS = 600  # more would hide the regions; every k-th point is shown
STYLES = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"), (PURPLE, "D"), (RED, "v"), (MUTED, "P"))
# tints that stand out on white and on black paper alike: pixels of a picture cannot follow the page's colours
TINTS = ((52, 134, 204), (224, 108, 30), (46, 158, 116), (165, 98, 172), (214, 70, 60), (120, 130, 140))
READING = "The tint is what the classifier says there; a mark's colour and shape is the point's true class."


def regions(
    predict: Predict, points: ArrayLike, labels: ArrayLike, title: str, reading: str = READING, height: float = 290
) -> Chart:
    """What `predict` says of every place around `points` (N, 2), whose true classes are `labels` (N,).

    predict: (N, 2) float32 -> (N,) classes, numbered as the labels are. Raises ValueError for points that are not in
    the plane, not finite, or not as many as the labels.
    """
    seen, classes = _checked(points, labels)
    return Chart(title, draw(lambda figure: _panel(figure.add_subplot(), predict, seen, classes), height), reading)


def compared(
    predicts: Mapping[str, Predict],
    points: ArrayLike,
    labels: ArrayLike,
    title: str,
    reading: str = READING,
    columns: int = 2,
) -> Chart:
    """Several classifiers of the same points, {name: predict}, side by side in one figure."""
    seen, classes = _checked(points, labels)
    rows = -(-len(predicts) // columns)

    def paint(figure: Figure) -> None:
        panels: list[Axes] = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        for axes, (name, predict) in zip(panels, predicts.items(), strict=False):
            _panel(axes, predict, seen, classes, marker_px=3.0)
            axes.set_title(name)
        for axes in panels[len(predicts) :]:
            axes.set_axis_off()

    return Chart(title, draw(paint, rows * (WIDTH / columns + 14)), reading)


def _panel(
    axes: Axes, predict: Predict, points: NDArray[np.float32], labels: NDArray[np.int64], marker_px: float = 3.6
) -> None:
    low, high = points.min(0), points.max(0)
    extent = np.maximum(high - low, 1e-6)
    low, high = low - MARGIN * extent, high + MARGIN * extent
    middles = [low[i] + (np.arange(CELLS) + 0.5) * (high[i] - low[i]) / CELLS for i in range(2)]
    grid = np.stack(np.meshgrid(*middles), axis=-1).reshape(-1, 2).astype(np.float32)  # rows go up the y axis
    said = np.asarray(predict(grid)).reshape(CELLS, CELLS).astype(np.int64)
    pixels = np.zeros((CELLS, CELLS, 4))
    pixels[..., :3] = np.array(TINTS)[said % len(TINTS)] / 255
    pixels[..., 3] = 0.32
    sides = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
    axes.imshow(pixels, extent=sides, origin="lower", aspect="auto", interpolation="none")
    shown = np.arange(0, len(points), -(-len(points) // MOST_POINTS))
    for label in np.unique(labels):
        colour, marker = STYLES[label % len(STYLES)]
        mine = points[shown][labels[shown] == label]
        axes.plot(*mine.T, marker, color=colour, ms=marker_px, mec=CARD, mew=0.1 * marker_px - 0.1)
    axes.grid(False)
    axes.set(xlim=sides[:2], ylim=sides[2:], xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=INK, linewidth=0.5)


def _checked(points: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    seen, classes = np.asarray(points, dtype=np.float32), np.asarray(labels, dtype=np.int64)
    if seen.ndim != 2 or seen.shape[1] != 2 or not len(seen):
        raise ValueError(f"decision regions need points of the plane, (N, 2); got shape {seen.shape}")
    if classes.shape != (len(seen),):
        raise ValueError(f"{len(seen)} points need as many labels; got shape {classes.shape}")
    if not np.isfinite(seen).all():
        raise ValueError("decision regions need finite points; some are NaN or infinite: leave those out")
    return seen, classes
