"""Captions: pictures with sentences, and how to say what another picture shows."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...data import captions as importers
from ...data._folder import modules
from ...data.captioned import NAMED, Captioned, open_captions
from ...data.captions._captions import Captions
from ...engine.task import Task
from ...tasks.caption import Caption
from .. import _caption_evidence, checks, report, search, train
from .._session import Show
from . import _shared, _words
from ._captions import audit, baselines, split, test
from ._captions.evaluate import evaluate
from ._subject import Stage

__all__ = ["evaluate"]

RECIPE = "caption"
SOURCE = f"a caption file beside its pictures, the folder with both, or {NAMED}"
STAGES: Mapping[str, Stage] = {
    "audit": audit,
    "split": split,
    "baselines": baselines,
    "checks": checks,
    "search": search,
    "train": train,
    "test": test,
    "report": report,
}
PREPARED = ("data", "size", "framing", "memory", "threshold", "longest")
FEWEST_STEPS = 300
MOST_LOOKED_AT = 200  # validation pictures that a trial is scored on, each with its sentences


def recognises(source: str) -> bool:
    """The named set, or what one of the importers of captions understands."""
    return source == NAMED or (
        Path(source).exists() and any(importer.recognises(Path(source)) for importer in modules(importers))
    )


def learned(source: str, settings: Mapping[str, Any], task: str) -> str:
    return _shared.recipe_of("captions", RECIPE, task)


def check(settings: Mapping[str, Any], build: Callable[..., Any]) -> None:
    """Every setting of these recipes goes with every other, or the recipe says so."""


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Captions:
    return open_captions(source)


def prepared(settings: Mapping[str, Any], recipe: str) -> Captioned:
    return split.prepared_from(settings["data"], settings)


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Captioned:
    return split.prepared_from(source, settings)


def trial_data(prepared: Captioned) -> Captioned:
    return prepared.limited(validation=MOST_LOOKED_AT).without_test()


def processes_share(prepared: Captioned) -> bool:
    return False


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


def ship(folder: Path, task: Task, settings: Mapping[str, Any], stages: Mapping[str, Any]) -> None:
    _shared.ship("captions", folder, task, settings, stages)


def keep(folder: Path, task: Task) -> Mapping[str, Any]:
    prepared: Captioned = _shared.prepared_of(task)
    return {"split": _shared.note_parts(folder, prepared.split, split.sizes(prepared))}


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """Captions of some validation pictures, and what they are worth."""
    prepared: Captioned = _shared.prepared_of(task).limited(validation=MOST_LOOKED_AT)
    assert isinstance(task, Caption)
    _caption_evidence.keep_of_task(folder, task, prepared, show)
