"""What detectors without a network find: a network that does not beat them has learned nothing worth having."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....data.collection import TRAIN, VALIDATION
from ....data.prepared_objects import PreparedObjects
from ....doctor.finding import PASS
from ....geometry.objects import Detections
from ....metrics.detection import average_precisions
from ..._session import Session, Verdict
from . import _places, _windows, split

MOST_LEARNED, MOST_LOOKED_AT = 40, 30  # pictures for the windows: a strong simple method need not be tried at length
AT_ONCE = 20


def run(session: Session) -> Verdict:
    prepared = split.prepare(session)
    found = {
        "mean_boxes": blind(prepared, _places.mean_boxes),
        "usual_places": blind(prepared),
        "windows": _of_windows(session, prepared),
    }
    line = "mAP@.5: " + "   ".join(f"{name.replace('_', ' ')} {100 * value:.1f} %" for name, value in found.items())
    return Verdict(PASS, line, found)


def recall(session: Session, verdict: Verdict) -> None:
    """Nothing is learned from them."""


def blind(prepared: PreparedObjects, places: Any = _places.usual_places) -> float:
    """mAP at an overlap of .5 on the validation part of the same boxes in every picture."""
    told = places([prepared.objects[row] for row in prepared.rows(TRAIN)], prepared.n_classes)
    rows = prepared.rows(VALIDATION).tolist()
    return scored([told] * len(rows), prepared, rows)


def scored(found: Sequence[Detections], prepared: PreparedObjects, rows: Sequence[int]) -> float:
    """mAP at an overlap of .5 of what is found in pictures; 0 where nothing is marked in any."""
    truth = [prepared.objects[row] for row in rows]
    value = average_precisions(found, truth, prepared.n_classes).map50
    return value if math.isfinite(value) else 0.0


def _of_windows(session: Session, prepared: PreparedObjects) -> float:
    some = prepared.limited(MOST_LEARNED, MOST_LOOKED_AT)
    learned, asked = some.rows(TRAIN), some.rows(VALIDATION).tolist()
    session.show.progress("baselines", 0, len(asked), "a linear classifier of windows")
    marked = [prepared.objects[row] for row in learned]
    finder = _windows.fit(prepared.pictures.images(learned), marked, prepared.n_classes, session.seed)
    found: list[Detections] = []
    for first in range(0, len(asked), AT_ONCE):
        session.show.progress("baselines", first, len(asked), "a linear classifier of windows")
        found += [finder.find(image) for image in prepared.pictures.images(np.array(asked[first : first + AT_ONCE]))]
    return scored(found, prepared, asked)
