"""Translation: sentences in two languages, and how to say another one in the second."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...data import parallel
from ...data.pairs import Pairs
from ...engine.task import Task
from ...ship import opened as shipped
from .. import _translation_evidence
from .._session import Show
from . import _shared, _words
from ._translation import audit, baselines, split, test
from ._translation.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "translate"
SOURCE = f"a folder with train.en and train.de, two files as 'a.en,a.de', a .tsv or .csv, or {parallel.NAMED}"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("data", "languages", "lower", "threshold", "longest")
FEWEST_STEPS = 500
MOST_TRAIN, MOST_LOOKED_AT = 50_000, 500  # sentences that a trial learns from, and is scored on

check, processes_share = _shared.nothing_to_check, _shared.one_by_one
handed, TRIAL = _shared.as_data, _shared.SHORT
learned = partial(_shared.learned, "translation", RECIPE)
read_as = partial(_shared.read_as, "translation")
ship = partial(_shared.ship, "translation")
keep = partial(_shared.keep, _shared.sizes)


def recognises(source: str) -> bool:
    """The named set, or a folder with a training file in each of two languages."""
    return parallel.recognises(source)


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> parallel.Parallel:
    return parallel.read_parallel(source, str(settings.get("languages", "")))


def prepared(settings: Mapping[str, Any], recipe: str) -> Pairs:
    return split.prepared_from(settings["data"], settings)


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Pairs:
    return split.prepared_from(source, settings)


def trial_data(prepared: Pairs) -> Pairs:
    return prepared.limited(MOST_TRAIN, MOST_LOOKED_AT).without_test()


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


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """Translations of some validation sentences, and what they are worth."""
    prepared: Pairs = _shared.prepared_of(task).limited(validation=MOST_LOOKED_AT)
    _translation_evidence.keep(folder, shipped.opened(folder), prepared, "validation")
