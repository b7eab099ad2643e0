"""Measure a finished segmenter on other pictures with label maps; the use is counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....data.collection import TEST
from ....data.label_maps import IGNORE
from ....data.prepared_maps import PreparedMaps, prepare_maps
from ....ship.kinds.segmentation import Segmenter
from ....ship.opened import opened
from ... import _segmentation_evidence
from ..._session import Show
from .. import _shared
from .._evaluation import Evaluation, Figures, counted, one_view

Classes = NDArray[np.int64]


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """Mean IoU of all pictures of a source, or of its test part where it states one, and IoU of each class.

    Raises ValueError for classes that the segmenter does not know, and for views.
    """
    one_view(views, "a segmenter")
    segmenter: Segmenter = opened(folder)
    show.progress("evaluate", 0, 1, "looking at every picture")
    whole = prepare_maps(source, framing=segmenter.frame.framing, memory_gib=0.0)
    found = _segmentation_evidence.examine(segmenter, _as_known(segmenter, whole, source), TEST, show)
    low, high = found.interval
    n, measure = len(found.rows), _segmentation_evidence.MEASURE
    figures = Figures(measure, found.scores.mean_iou, low, high, n, f"{found.line}, {n:,} pictures")
    pixels = found.confusions.sum((0, 2))
    table = [["class", "share of pixels", "IoU", "95 % interval"]]
    for k in np.flatnonzero(pixels).tolist():
        ends = f"{100 * found.low[k]:.1f} to {100 * found.high[k]:.1f}"
        share, iou = (f"{100 * value:.1f} %" for value in (pixels[k] / pixels.sum(), found.scores.iou[k]))
        table.append([found.classes[k], share, iou, ends])
    keys = [whole.split.keys[row] for row in found.rows]
    return counted(folder, source, figures, whole.split.hash, keys, table)


def _as_known(segmenter: Segmenter, whole: PreparedMaps, source: str) -> PreparedMaps:
    """What is to be measured, in the segmenter's frame and classes. Raises ValueError for a class it does not know."""
    used = np.flatnonzero(whole.counts.sum(0)).tolist()
    place = _shared.places_of(whole.classes, segmenter.classes, used, source)
    codes = {code: int(place[k]) if k != IGNORE else IGNORE for code, k in whole.source.codes.items()}
    return replace(
        whole,
        pictures=_shared.to_be_measured(whole.pictures, segmenter.frame, whole.source.splits),
        source=replace(whole.source, classes=segmenter.classes, codes=codes),
        counts=_moved(whole, place, len(segmenter.classes)),
        painted=None,
    )


def _moved(whole: PreparedMaps, place: Classes, n_classes: int) -> Classes:
    """Pixels of each class in each map (N, K), by the segmenter's classes."""
    counts = np.zeros((len(whole.counts), n_classes), dtype=np.int64)
    for label in np.flatnonzero(place >= 0):
        counts[:, place[label]] = whole.counts[:, label]
    return counts
