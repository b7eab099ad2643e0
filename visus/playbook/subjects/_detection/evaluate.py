"""Measure a finished detector on other pictures with marked objects; the use is counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ....data.collection import TEST
from ....data.prepared_objects import PreparedObjects, in_frame, prepare_objects
from ....ship.kinds.detection import Detector
from ....ship.opened import opened
from ... import _detection_evidence
from ..._session import Show
from .. import _shared
from .._evaluation import Evaluation, Figures, counted, one_view


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """mAP of all pictures of a source, or of its test part where it states one, and of each class.

    Raises ValueError for classes that the detector does not know, and for views.
    """
    one_view(views, "a detector")
    detector: Detector = opened(folder)
    show.progress("evaluate", 0, 1, "looking at every picture")
    whole = prepare_objects(source, framing=detector.frame.framing, memory_gib=0.0)
    prepared = _as_known(detector, whole, source)
    found = _detection_evidence.examine(detector, prepared, TEST, show)
    low, high = found.interval
    value, measure = found.scores.map50, _detection_evidence.MEASURE
    figures = Figures(measure, value, low, high, len(found.rows), f"{found.line}, {len(found.rows):,} pictures")
    table = [["class", "objects", "AP@.5", "AP"]]
    for name, n, half, all_of_it in zip(
        found.classes, found.scores.examples, found.scores.per_class50, found.scores.per_class, strict=True
    ):
        if n:
            table.append([name, str(n), f"{100 * half:.1f} %", f"{100 * all_of_it:.1f} %"])
    keys = [prepared.split.keys[row] for row in found.rows]
    return counted(folder, source, figures, whole.split.hash, keys, table)


def _as_known(detector: Detector, whole: PreparedObjects, source: str) -> PreparedObjects:
    """What is to be measured, with the detector's frame and classes. Raises ValueError for a class it does not know."""
    used = {int(label) for one in whole.objects for label in np.unique(one.labels)}
    place = _shared.places_of(whole.classes, detector.classes, sorted(used), source)
    raw = zip(whole.annotations.objects, whole.sizes.tolist(), strict=True)
    framed = [in_frame(one, detector.frame, *size) for one, size in raw]
    return replace(
        whole,
        pictures=_shared.to_be_measured(whole.pictures, detector.frame, whole.annotations.splits),
        objects=[replace(one, labels=place[one.labels]) for one in framed],
        annotations=replace(whole.annotations, classes=detector.classes),
    )
