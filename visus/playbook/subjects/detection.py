"""Detection: what is in pictures and where, by boxes, outlines or keypoints."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...data import annotated as formats
from ...data._folder import modules
from ...data.annotations import BOXES, KEYPOINTS, MASKS, Annotations
from ...data.collection import VALIDATION
from ...data.open_annotations import OBJECT_SETS, format_of, open_annotations
from ...data.prepared_objects import PreparedObjects
from ...engine.task import Task
from .. import _detection_evidence
from .._session import Show
from . import _shared
from ._detection import audit, baselines, split, test
from ._detection.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "detect"
USUAL = {BOXES: "faster_rcnn", MASKS: "mask_rcnn", KEYPOINTS: "keypoint_rcnn"}  # by the most that is marked
ONE_OBJECT = "localise"  # where every picture has exactly one
DETECTORS = {
    "faster_rcnn": "Faster R-CNN",
    "mask_rcnn": "Mask R-CNN",
    "keypoint_rcnn": "Keypoint R-CNN",
    ONE_OBJECT: "one box a picture",
}
SOURCE = f"a COCO file or folder, a VOC or YOLO folder, or {', '.join(OBJECT_SETS)}"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("data", "size", "framing", "memory")
FEWEST_STEPS = 600
MOST_TRAIN, MOST_LOOKED_AT = 1_000, 60  # pictures that a trial learns from, and is scored on

check, processes_share, beaten = _shared.nothing_to_check, _shared.one_by_one, _shared.best_of
handed, TRIAL = _shared.as_data, _shared.SHORT
ship = partial(_shared.ship, "detection")
keep = partial(_shared.keep, _shared.sizes)


def recognises(source: str) -> bool:
    """A named set, or what one of the importers of marked objects understands."""
    return source in OBJECT_SETS or (
        Path(source).exists() and any(importer.recognises(Path(source)) for importer in modules(formats))
    )


def learned(source: str, settings: Mapping[str, Any], task: str) -> str:
    """As the marks look, unless the task or the detector is named."""
    if task or "model" in settings:
        return _shared.learned("detection", RECIPE, source, settings, task)
    return usual(open_annotations(source))


def usual(found: Annotations) -> str:
    """The recipe for what is marked."""
    one_each = found.kind == BOXES and all(len(one) == 1 and not one.crowd.any() for one in found.objects)
    return ONE_OBJECT if one_each else USUAL[found.kind]


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Annotations:
    return open_annotations(source)


def read_as(source: str, found: Annotations, recipe: str) -> str:
    """`detection (COCO, 44 pictures with masks: Mask R-CNN)`."""
    form = "" if source in OBJECT_SETS else f"{format_of(Path(source)).upper()}, "
    trained = DETECTORS.get(recipe, f"recipe {recipe}")
    return f"detection ({form}{len(found):,} pictures with {found.kind}: {trained})"


def prepared(settings: Mapping[str, Any], recipe: str) -> PreparedObjects:
    return split.prepared_from(settings["data"], settings)


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> PreparedObjects:
    return split.prepared_from(source, settings)


def trial_data(prepared: PreparedObjects) -> PreparedObjects:
    return prepared.limited(MOST_TRAIN, MOST_LOOKED_AT).without_test()


def blind_score(prepared: PreparedObjects) -> float:
    """mAP of boxes where they usually are, the same in every picture."""
    return baselines.blind(prepared)


def said(prepared: PreparedObjects, score: float) -> str:
    return f"mAP@.5 {100 * score:.1f} %"


def held(prepared: PreparedObjects) -> str:
    return "pictures streamed from disk" if prepared.pictures.pixels is None else "pictures in it"


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """What is found in some validation pictures, and what that is worth."""
    prepared: PreparedObjects = _shared.prepared_of(task)
    _detection_evidence.keep(folder, task, prepared.limited(validation=MOST_LOOKED_AT), VALIDATION, show)
