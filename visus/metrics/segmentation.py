"""How well label maps agree: IoU of each class, pixel accuracy, and how true the boundaries are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IGNORE = 255  # a pixel that counts nowhere
TOLERANCE = 0.0075  # of the picture's diagonal that a boundary may be off (Csurka et al., 2013)
THICKNESS = 0.02  # of the picture's diagonal that is near a boundary (Cheng et al., 2021)
LEAST_PX = 1.0  # of either: in a small picture a boundary cannot be drawn closer

Maps = NDArray[np.uint8] | NDArray[np.int64]


@dataclass(frozen=True)
class MapScores:
    """What follows from the confusion of pixels (K, K), rows truth; shares in [0, 1].

    iou, accuracy: of each class (K,), NaN for one that neither occurs nor was painted, or does not occur. mean_iou:
    over the classes that occur in the truth; a class that was only painted wrongly costs the others. weighted_iou: each
    class by its share of the pixels.
    """

    iou: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    weighted_iou: float


def confusion_of_maps(truth: Maps, painted: Maps, n_classes: int, ignore: int = IGNORE) -> NDArray[np.int64]:
    """Counts of pixels (K, K): row is the true class, column the painted one.

    truth, painted: integers of one shape; pixels that are `ignore` in truth are out. Raises ValueError if the shapes
    differ or a class is outside 0..K-1.
    """
    if truth.shape != painted.shape:
        raise ValueError(f"truth is {truth.shape} but painted is {painted.shape}; bring both to one size")
    counted = truth != ignore
    rows, columns = truth[counted].astype(np.int64), painted[counted].astype(np.int64)
    for what, found in (("true", rows), ("painted", columns)):
        if found.size and not 0 <= found.min() <= found.max() < n_classes:
            odd = int(found[(found < 0) | (found >= n_classes)][0])
            raise ValueError(
                f"a {what} class is {odd}, outside 0..{n_classes - 1}; was the map made with another list of classes?"
            )
    return np.bincount(rows * n_classes + columns, minlength=n_classes**2).reshape(n_classes, n_classes)


def scores_of(confusion: NDArray[np.int64]) -> MapScores:
    """Everything that follows from a confusion (K, K), rows truth; NaN where no pixel counts.

    Source: Shelhamer et al., 2017, section 5, for the four figures.
    """
    hits, true, painted = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    iou, accuracy = _ratio(hits, true + painted - hits), _ratio(hits, true)
    there = true > 0
    total = true.sum()
    return MapScores(
        iou,
        accuracy,
        float(hits.sum() / total) if total else np.nan,
        float(accuracy[there].mean()) if total else np.nan,
        float(iou[there].mean()) if total else np.nan,
        float((iou[there] * true[there]).sum() / total) if total else np.nan,
    )


@dataclass(frozen=True)
class BoundaryScores:
    """Of each class (K,), NaN for one that the truth of no picture bounds: mean over the pictures that show it.

    f: harmonic mean of how much of the painted boundary is near the true one and of the true near the painted one.
    iou: of the pixels near the boundary, inside the class.
    """

    f: NDArray[np.float64]
    iou: NDArray[np.float64]

    @property
    def mean_f(self) -> float:
        return float(np.nanmean(self.f)) if np.isfinite(self.f).any() else float("nan")

    @property
    def mean_iou(self) -> float:
        return float(np.nanmean(self.iou)) if np.isfinite(self.iou).any() else float("nan")


def boundary_scores(
    truth: Sequence[Maps], painted: Sequence[Maps], n_classes: int, ignore: int = IGNORE
) -> BoundaryScores:
    """How true the outlines are, in pictures (h, w) of any sizes.

    Where truth is `ignore` nothing is compared, and the border of a picture bounds nothing. Sources: Csurka et al.,
    2013, for the F measure within 0.75 % of the diagonal; Cheng et al., 2021, for boundary IoU within 2 %.
    """
    found = np.full((len(truth), n_classes, 2), np.nan)
    for row, (true, said) in enumerate(zip(truth, painted, strict=True)):
        counted, diagonal = true != ignore, float(np.hypot(*true.shape))
        for k in np.unique(true[counted]).tolist():
            found[row, k] = _boundary(true == k, (said == k) & counted, counted, diagonal)
    f, iou = (_mean_of_known(found[:, :, i]) for i in range(2))
    return BoundaryScores(f, iou)


def _boundary(true: NDArray[np.bool_], said: NDArray[np.bool_], counted: NDArray[np.bool_], diagonal: float) -> object:
    """F and IoU of one class in one picture."""
    edges = [_edge(mask, counted) for mask in (true, said)]
    if not edges[0].any():
        return np.nan, np.nan
    if not edges[1].any():
        return 0.0, 0.0
    far = [_distance(edge) for edge in edges]
    reach = max(LEAST_PX, TOLERANCE * diagonal)
    precision, recall = (far[0][edges[1]] <= reach).mean(), (far[1][edges[0]] <= reach).mean()
    f = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    thick = max(LEAST_PX, THICKNESS * diagonal)
    near = [mask & (distance < thick) for mask, distance in zip((true, said), far, strict=True)]
    return f, (near[0] & near[1]).sum() / max(1, (near[0] | near[1]).sum())


def _edge(mask: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a mask beside a pixel that counts and is not in it."""
    other = np.pad(counted & ~mask, 1)
    return mask & (other[:-2, 1:-1] | other[2:, 1:-1] | other[1:-1, :-2] | other[1:-1, 2:])


def _distance(edge: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far every pixel is from the nearest one of an edge, in pixels."""
    from scipy.ndimage import distance_transform_edt  # a tenth of a second, and not all who segment look at outlines

    return np.asarray(distance_transform_edt(~edge), dtype=np.float64)


def _mean_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of the columns (N, K), NaN where nothing is known."""
    known = np.isfinite(values)
    return np.asarray(_ratio(np.where(known, values, 0).sum(0), known.sum(0)))


def _ratio(part: NDArray[np.generic], whole: NDArray[np.generic]) -> NDArray[np.float64]:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=np.asarray(whole) > 0)
    return share
