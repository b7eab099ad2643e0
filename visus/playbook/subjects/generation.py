"""Generation: pictures, and how to draw more of them, say how likely one is, or bring it through few numbers."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...data.collection import VALIDATION, Collection
from ...data.gallery import loose_pictures, open_gallery
from ...engine.task import Task
from .. import _generation_evidence
from .._session import Show
from . import _shared
from ._generation import audit, baselines, split, test
from ._generation.aims._aimed import Aimed
from ._generation.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "autoregress"
SOURCE = "a folder of pictures, labelled or not, or the name of a set of pictures"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("data", "size", "framing", "memory", "channels", "levels", "binarise")
FEWEST_STEPS = 1_000
MOST_TRAIN, MOST_LOOKED_AT = 5_000, 500  # pictures that a trial learns from, and is scored on

check, processes_share, beaten = _shared.nothing_to_check, _shared.one_by_one, _shared.best_of
handed, TRIAL = _shared.as_data, _shared.SHORT
learned = partial(_shared.learned, "generation", RECIPE)
ship = partial(_shared.ship, "generation")
keep = partial(_shared.keep, _shared.sizes)


def recognises(source: str) -> bool:
    """A folder of pictures without classes: what else could be learned from them?"""
    return bool(loose_pictures(source))


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Collection:
    return open_gallery(source, lambda done, total: show.progress("download", done, max(done, total), "bytes"))


def read_as(source: str, found: Collection, recipe: str) -> str:
    """`generation (701 pictures, to draw more of them)`."""
    return f"generation ({len(found):,} pictures, to draw more of them by {recipe})"


def prepared(settings: Mapping[str, Any], recipe: str) -> Aimed:
    return split.prepared_from(open_gallery(settings["data"]), settings)


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Aimed:
    return prepared({**settings, "data": source}, recipe)


def trial_data(prepared: Aimed) -> Aimed:
    found = prepared.limited(MOST_TRAIN, MOST_LOOKED_AT).without_test()
    assert isinstance(found, Aimed)
    return found


def blind_score(prepared: Aimed) -> float:
    """Of what is drawn without a look at what lies beside it, by the measure of the model."""
    found: float = prepared.measure.blind(prepared)
    return found


def said(prepared: Aimed, score: float) -> str:
    return str(prepared.measure.said(score))


def held(prepared: Aimed) -> str:
    return "pictures streamed from disk" if prepared.pictures.pixels is None else "pictures in it"


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """What the model draws, and what is known of it on validation pictures."""
    _generation_evidence.keep(folder, None, _shared.prepared_of(task), VALIDATION, show)
