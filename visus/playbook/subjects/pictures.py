"""Pictures, and what is told of them: classes, attributes or numbers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ... import recipes
from ...data.batches import Prepared
from ...data.collection import CLASSES, Collection
from ...data.prepare import prepare
from ...data.source import open_collection
from ...engine import catalogue
from ...engine.task import Task
from ...recipes import _form, classify
from ...recipes._told import RECIPES, columns
from ...ship import model
from ...ship.card import card
from ...tasks.classify import Classification
from .. import audit, baselines, problems, search, split, test, train
from .._session import Show
from ..evaluate import of_pictures as evaluate
from . import _shared, _subject

__all__ = ["evaluate"]

RECIPE = "classify"
SOURCE = "a folder, a CSV table, or the name of a set"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("data", "size", "framing", "memory")
FEWEST_STEPS = 1_500
MOST_LOOKED_AT = search.MOST_LOOKED_AT

handed, TRIAL = _shared.as_data, _shared.SHORT


def recognises(source: str) -> bool:
    """Everything that no other subject claims."""
    return True


def learned(source: str, settings: Mapping[str, Any], task: str) -> str:
    """classify without targets, else regress or attributes, as the columns of the table look."""
    kinds = {recipe: kind for kind, recipe in RECIPES.items()}
    if task and task not in kinds:
        asked = [*kinds, *(name for name in catalogue.names(recipes) if _subject.name_of(name) != _subject.PICTURES)]
        raise LookupError(f"no task '{task}'.{catalogue.nearest(task, asked)} Available: {', '.join(kinds)}.")
    targets = str(settings.get("targets", ""))
    if not targets:
        if task not in ("", RECIPES[CLASSES]):
            raise ValueError(f"task={task} needs the columns of a CSV table to tell, for example targets=age")
        return RECIPES[CLASSES]
    if task == RECIPES[CLASSES]:
        raise ValueError("task=classify tells classes, from the column 'label'; leave targets out")
    return RECIPES[open_collection(source, targets=targets, kind=kinds.get(task, "")).kind]


def check(settings: Mapping[str, Any], build: Callable[..., Any]) -> None:
    usual = _form.fields(build, {name: str(value) for name, value in settings.items()})["model"].default
    classify.refuse_idle(settings.get("model", usual), settings)


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Collection:
    return open_collection(
        source,
        lambda done, total: show.progress("download", done, max(done, total), "bytes"),
        settings.get("targets", ""),
        next(kind for kind, of in RECIPES.items() if of == recipe),
    )


def read_as(source: str, found: Collection, recipe: str) -> str:
    """Nothing: it is what everything is read as that is nothing else."""
    return ""


def prepared(settings: Mapping[str, Any], recipe: str) -> Prepared:
    return prepare(
        settings["data"],
        settings["size"],
        settings["framing"],
        seed=settings["seed"],
        memory_gib=settings["memory"],
        **columns(settings, recipe),
    )


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Prepared:
    return prepared({**settings, "data": source}, recipe)


def trial_data(prepared: Prepared) -> Prepared:
    return search.trial_pictures(prepared)


def processes_share(prepared: Prepared) -> bool:
    return True


def blind_score(prepared: Prepared) -> float:
    found: float = catalogue.find(problems, prepared.collection.kind).blind_score(prepared)
    return found


def beaten(measured: Mapping[str, Any]) -> float | None:
    """The best of all methods; a blind network among them is below the commonest class."""
    return max((value for value in measured.values() if isinstance(value, float)), default=None)


def said(prepared: Prepared, score: float) -> str:
    return str(catalogue.find(problems, prepared.collection.kind).said("", score))


def held(prepared: Prepared) -> str:
    return "pictures streamed from disk" if prepared.pixels is None else "pictures in it"


def ship(folder: Path, task: Task, settings: Mapping[str, Any], stages: Mapping[str, Any]) -> None:
    assert isinstance(task, Classification)
    facts = train.model_facts(_prepared(task), settings)
    model.save(folder, task.model, facts, card(folder.name, facts, stages))


def keep(folder: Path, task: Task) -> Mapping[str, Any]:
    prepared = _prepared(task)
    split.write_parts(folder, prepared.split)
    return {"split": {"train": len(prepared.split.train)}}


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """Nothing: pictures are shown of a test."""


def _prepared(task: Task) -> Prepared:
    assert isinstance(task, Classification)
    found = task.data.prepared  # type: ignore[attr-defined]
    assert isinstance(found, Prepared)
    return found
