"""Captions: pictures with sentences, and how to say what another picture shows."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...data import captions as importers
from ...data._folder import modules
from ...data.annotated import coco
from ...data.captioned import NAMED, Captioned, open_captions
from ...data.captions._captions import Captions
from ...engine.task import Task
from ...tasks.caption import Caption
from .. import _caption_evidence
from .._session import Show
from . import _shared, _words
from ._captions import audit, baselines, split, test
from ._captions.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "caption"
SOURCE = f"a caption file beside its pictures, the folder with both, or {NAMED}"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("data", "size", "framing", "memory", "threshold", "longest")
FEWEST_STEPS = 300
MOST_LOOKED_AT = 200  # validation pictures that a trial is scored on, each with its sentences

check, processes_share = _shared.nothing_to_check, _shared.one_by_one
handed, TRIAL = _shared.as_data, _shared.SHORT
learned = partial(_shared.learned, "captions", RECIPE)
read_as = partial(_shared.read_as, "captions")
ship = partial(_shared.ship, "captions")
keep = partial(_shared.keep, _shared.sizes)


def recognises(source: str) -> bool:
    """The named set, or what one of the importers of captions understands, but for a file that marks objects."""
    path = Path(source)
    if source == NAMED or not path.exists():
        return source == NAMED
    # COCO's files all look alike by their names; the importer itself says which of them to take
    return any(importer.recognises(path) for importer in modules(importers)) and not (
        path.is_file() and coco.recognises(path)
    )


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Captions:
    return open_captions(source)


def prepared(settings: Mapping[str, Any], recipe: str) -> Captioned:
    return split.prepared_from(settings["data"], settings)


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Captioned:
    return split.prepared_from(source, settings)


def trial_data(prepared: Captioned) -> Captioned:
    return prepared.limited(validation=MOST_LOOKED_AT).without_test()


def blind_score(prepared: Captioned) -> float:
    """Minus the nats of a model that knows how frequent each word is, and looks at nothing."""
    end = prepared.vocabulary.end
    train, held_out = (
        ([*prepared.coded(pair), end] for pair in prepared.pairs(part)) for part in ("train", "validation")
    )
    return -_words.unigram(train, held_out, len(prepared.vocabulary))


def beaten(measured: Mapping[str, Any]) -> float | None:
    """None: captions without learning have a CIDEr, and no likelihood that training could be held against."""
    return None


def said(prepared: Captioned, score: float) -> str:
    return f"{-score:.3f} nats per word"


def held(prepared: Captioned) -> str:
    return "pictures streamed from disk" if prepared.pictures.pixels is None else "pictures in it"


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """Captions of some validation pictures, and what they are worth."""
    prepared: Captioned = _shared.prepared_of(task).limited(validation=MOST_LOOKED_AT)
    assert isinstance(task, Caption)
    _caption_evidence.keep_of_task(folder, task, prepared, show)
