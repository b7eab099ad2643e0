"""A text, and how to go on with it: a language model of its characters."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...data.named_text import NAMES
from ...data.text import SHARES, Text, prepare_text
from ...engine.task import Task
from .. import _language_evidence
from .._session import Show, Silent
from . import _shared
from ._text import audit, baselines, split, test
from ._text.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "char_lstm"
SOURCE = f"a text file in UTF-8, a folder of .txt files, or {', '.join(NAMES)}"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("data", "validation")
FEWEST_STEPS = 500  # a step is a batch of thousands of characters
SUFFIXES = (".txt", ".txt.gz", ".text", ".md", ".tex")
MOST_TRAIN, MOST_LOOKED_AT = 2_000_000, 20_000  # characters that a trial learns from, and is scored on

check, processes_share = _shared.nothing_to_check, _shared.one_by_one
handed, TRIAL = _shared.as_data, _shared.SHORT
learned = partial(_shared.learned, "text", RECIPE)
read_as = partial(_shared.read_as, "text")
ship = partial(_shared.ship, "text")
keep = partial(_shared.keep, split.sizes)


def recognises(source: str) -> bool:
    """A named text, or a file that says by its name that it is one."""
    return source in NAMES or (source.lower().endswith(SUFFIXES) and Path(source).is_file())


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Text:
    """The text in three parts: as much for the test as for validation, 8 : 1 : 1 unless `validation` is named."""
    share = settings.get("validation", SHARES[1])
    if share >= 0.5:
        raise ValueError(f"validation={share:g} leaves nothing to train on, since the test takes as much; try 0.1")
    return prepare_text(source, (1 - 2 * share, share, share))


def prepared(settings: Mapping[str, Any], recipe: str) -> Text:
    share = settings["validation"]
    return prepare_text(settings["data"], (1 - share, share, 0.0))


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Text:
    return opened(source, settings, recipe, Silent())


def trial_data(prepared: Text) -> Text:
    return prepared.limited(MOST_TRAIN, MOST_LOOKED_AT).without_test()


def blind_score(prepared: Text) -> float:
    """Minus the nats of a model that knows how frequent each symbol is in the training part, and nothing else."""
    return -baselines.unigram(prepared)


def beaten(measured: Mapping[str, Any]) -> float | None:
    """Minus the nats of the best table of counts."""
    return max((-nats for nats in measured.values() if isinstance(nats, float)), default=None)


def said(prepared: Text, score: float) -> str:
    return f"{-score:.3f} nats per character"


def held(prepared: Text) -> str:
    return ""


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """Samples, and how surprising the validation part is."""
    _language_evidence.keep(folder, task, _shared.prepared_of(task))
