"""Segmentation: what every pixel of a picture shows."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...data import painted as formats
from ...data._folder import modules
from ...data.collection import VALIDATION
from ...data.label_maps import LabelMaps
from ...data.open_annotations import MAP_SETS, open_maps
from ...data.prepared_maps import PreparedMaps
from ...engine.task import Task
from .. import _segmentation_evidence
from .._session import Show
from . import _shared
from ._segmentation import _simple, audit, baselines, split, test
from ._segmentation.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "segment"
SOURCE = f"a folder of pictures with label maps (CamVid, VOC, images/ and masks/), or {', '.join(MAP_SETS)}"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("data", "size", "framing", "memory")
FEWEST_STEPS = 600
MOST_TRAIN, MOST_LOOKED_AT = 500, 60  # pictures that a trial learns from, and is scored on

check, processes_share, beaten = _shared.nothing_to_check, _shared.one_by_one, _shared.best_of
handed, TRIAL = _shared.as_data, _shared.SHORT
learned = partial(_shared.learned, "segmentation", RECIPE)
ship = partial(_shared.ship, "segmentation")
keep = partial(_shared.keep, _shared.sizes)


def recognises(source: str) -> bool:
    """A named set, or what one of the importers of label maps understands."""
    return source in MAP_SETS or (
        Path(source).exists() and any(importer.recognises(Path(source)) for importer in modules(formats))
    )


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> LabelMaps:
    return open_maps(source)


def read_as(source: str, found: LabelMaps, recipe: str) -> str:
    """`segmentation (701 pictures with label maps of 11 classes)`."""
    return f"segmentation ({len(found):,} pictures with label maps of {len(found.classes)} classes)"


def prepared(settings: Mapping[str, Any], recipe: str) -> PreparedMaps:
    return split.prepared_from(settings["data"], settings)


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> PreparedMaps:
    return split.prepared_from(source, settings)


def trial_data(prepared: PreparedMaps) -> PreparedMaps:
    return prepared.limited(MOST_TRAIN, MOST_LOOKED_AT).without_test()


def blind_score(prepared: PreparedMaps) -> float:
    """Mean IoU of what usually lies at each place, the same in every picture."""
    return _simple.usual_places(prepared)


def said(prepared: PreparedMaps, score: float) -> str:
    return f"mean IoU {100 * score:.1f} %"


def held(prepared: PreparedMaps) -> str:
    return "pictures streamed from disk" if prepared.pictures.pixels is None else "pictures in it"


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """What is painted over some validation pictures, and what that is worth."""
    prepared: PreparedMaps = _shared.prepared_of(task)
    _segmentation_evidence.keep(folder, task, prepared.limited(validation=MOST_LOOKED_AT), VALIDATION, show)
