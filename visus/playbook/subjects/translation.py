"""Translation: sentences in two languages, and how to say another one in the second."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...data import parallel
from ...data.pairs import Pairs
from ...engine.task import Task
from ...ship import opened as shipped
from .. import _translation_evidence, checks, report, search, train
from .._session import Show
from . import _shared, _words
from ._subject import Stage
from ._translation import audit, baselines, split, test
from ._translation.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "translate"
SOURCE = f"a folder with train.en and train.de, two files as 'a.en,a.de', a .tsv or .csv, or {parallel.NAMED}"
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
PREPARED = ("data", "languages", "lower", "threshold", "longest")
FEWEST_STEPS = 500
MOST_TRAIN, MOST_LOOKED_AT = 50_000, 500  # sentences that a trial learns from, and is scored on


def recognises(source: str) -> bool:
    """The named set, or a folder with a training file in each of two languages."""
    return parallel.recognises(source)


def learned(source: str, settings: Mapping[str, Any], task: str) -> str:
    return _shared.recipe_of("translation", RECIPE, task)


def check(settings: Mapping[str, Any], build: Callable[..., Any]) -> None:
    """Every setting of these recipes goes with every other, or the recipe says so."""


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> parallel.Parallel:
    return parallel.read_parallel(source, str(settings.get("languages", "")))


def prepared(settings: Mapping[str, Any], recipe: str) -> Pairs:
    return split.prepared_from(settings["data"], settings)


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Pairs:
    return split.prepared_from(source, settings)


def trial_data(prepared: Pairs) -> Pairs:
    return prepared.limited(MOST_TRAIN, MOST_LOOKED_AT).without_test()


def processes_share(prepared: Pairs) -> bool:
    return False


def blind_score(prepared: Pairs) -> float:
    """Minus the nats of a model that knows how frequent each word of the target is, and reads nothing."""
    vocabulary = prepared.target_vocabulary
    train, held_out = (
        ([*vocabulary.encode(prepared.target[row]), vocabulary.end] for row in prepared.rows(part))
        for part in ("train", "validation")
    )
    return -_words.unigram(train, held_out, len(vocabulary))


def beaten(measured: Mapping[str, Any]) -> float | None:
    """None: translation without learning has a BLEU, and no likelihood that training could be held against."""
    return None


def said(prepared: Pairs, score: float) -> str:
    return f"{-score:.3f} nats per word"


def held(prepared: Pairs) -> str:
    return ""


def ship(folder: Path, task: Task, settings: Mapping[str, Any], stages: Mapping[str, Any]) -> None:
    _shared.ship("translation", folder, task, settings, stages)


def keep(folder: Path, task: Task) -> Mapping[str, Any]:
    prepared: Pairs = _shared.prepared_of(task)
    return {"split": _shared.note_parts(folder, prepared.split, split.sizes(prepared))}


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """Translations of some validation sentences, and what they are worth."""
    prepared: Pairs = _shared.prepared_of(task).limited(validation=MOST_LOOKED_AT)
    _translation_evidence.keep(folder, shipped.opened(folder), prepared, "validation")
