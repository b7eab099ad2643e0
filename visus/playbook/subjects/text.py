"""A text, and how to go on with it: a language model of its characters."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...data.named_text import NAMES
from ...data.text import SHARES, Text, prepare_text
from ...engine.task import Task
from .. import _language_evidence, checks, report, search, train
from .._session import Show, Silent
from . import _shared
from ._subject import Stage
from ._text import audit, baselines, split, test
from ._text.evaluate import evaluate

__all__ = ["evaluate"]

RECIPE = "char_lstm"
SOURCE = f"a text file in UTF-8, a folder of .txt files, or {', '.join(NAMES)}"
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
PREPARED = ("data", "validation")
FEWEST_STEPS = 500  # a step is a batch of thousands of characters
SUFFIXES = (".txt", ".txt.gz", ".text", ".md", ".tex")
MOST_TRAIN, MOST_LOOKED_AT = 2_000_000, 20_000  # characters that a trial learns from, and is scored on


def recognises(source: str) -> bool:
    """A named text, or a file that says by its name that it is one."""
    return source in NAMES or (source.lower().endswith(SUFFIXES) and Path(source).is_file())


def learned(source: str, settings: Mapping[str, Any], task: str) -> str:
    return _shared.recipe_of("text", RECIPE, task)


def check(settings: Mapping[str, Any], build: Callable[..., Any]) -> None:
    """Every setting of these recipes goes with every other, or the recipe says so."""


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


def processes_share(prepared: Text) -> bool:
    return False


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


def ship(folder: Path, task: Task, settings: Mapping[str, Any], stages: Mapping[str, Any]) -> None:
    _shared.ship("text", folder, task, settings, stages)


def keep(folder: Path, task: Task) -> Mapping[str, Any]:
    prepared: Text = _shared.prepared_of(task)
    return {"split": _shared.note_parts(folder, prepared.split, split.sizes(prepared))}


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """Samples, and how surprising the validation part is."""
    _language_evidence.keep(folder, task, _shared.prepared_of(task))
