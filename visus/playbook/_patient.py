"""A recorded run, ready to be trained again with other settings on the same pictures, split as they were."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import recipes
from ..data.collection import CLASSES
from ..engine import catalogue
from ..engine.task import Task
from ..recipes import _form
from ..recipes._told import RECIPES
from ..runs.reader import Run
from ._remedies import spoken
from ._session import FIT
from .subjects._subject import built, of_recipe

RUNS = Path("runs")  # where a run lies unless --runs says otherwise


@dataclass(frozen=True)
class Patient:
    """settings: every setting with its value in the run. given: those the user named. form: what each may be."""

    recipe: str
    prepared: Any
    settings: Mapping[str, Any]
    given: Mapping[str, Any]
    form: Mapping[str, _form.Field]
    seed: int
    words: tuple[str, ...]  # of the command, before its settings
    options: tuple[str, ...]  # of the command, after them

    def task(self, change: Mapping[str, Any], seed: int, share: float) -> Task:
        """The run's task with some settings changed, planned for a share of its steps: its schedule ends with them."""
        settings = {**self.settings, **change}
        shorter = {"epochs": share * settings["epochs"], "seed": seed}
        return built(self.recipe, self.prepared, {**settings, **shorter})

    def command(self, change: Mapping[str, Any]) -> str:
        """What to type to train anew with the change."""
        settings = [f"{name}={spoken(value)}" for name, value in {**self.given, **change}.items()]
        return shlex.join(["visus", *self.words, *settings, *self.options])


def admit(run: Run) -> Patient:
    """Rebuild what the run was trained on.

    Raises LookupError for a recipe that is not there any more, ValueError for a run that never came to its training
    or whose pictures have changed, FileNotFoundError for pictures that are gone.
    """
    info = run.info
    given, seed = dict(info["given"]), int(info["seed"])
    elsewhere = () if run.folder.parent == RUNS else ("--runs", str(run.folder.parent))
    learned = info.get("learns", RECIPES[CLASSES]) if info["recipe"] == FIT else info["recipe"]
    build, subject = catalogue.find(recipes, learned).build, of_recipe(learned)
    if info["recipe"] == FIT:
        settings = _fitted_settings(run)
        prepared = subject.fitted(info["source"], _form.resolved(build, {"seed": seed, **given}), learned)
        if info.get("split_hash", prepared.split.hash) != prepared.split.hash:
            raise ValueError(
                f"the data in {info['source']} have changed since {run.folder} was made, so trials would not "
                f"compare; start a new run with `visus fit {info['source']}`"
            )
        budget = () if info.get("budget_s") is None else (f"budget={info['budget_s']:g}s",)
        words = ("fit", str(info["source"]), *budget)
        options = (*(word for stage in info.get("skip", []) for word in ("--skip", stage)), *elsewhere)
    else:
        settings = dict(info["settings"])
        if "arithmetic" in settings:
            settings["arithmetic"] = info.get("precision", settings["arithmetic"])
        prepared = subject.prepared(settings, learned)
        for name in subject.PREPARED:
            settings.pop(name)
        words, options = ("train", info["recipe"]), elsewhere
    form = _form.fields(build, {name: str(value) for name, value in settings.items()})
    unknown = sorted(settings.keys() - form.keys())
    if unknown:
        raise ValueError(
            f"{run.folder} was trained with {unknown[0]}, a setting that {info['recipe']} does not have now"
        )
    small = prepared.limited(validation=subject.MOST_LOOKED_AT)
    return Patient(learned, small, settings, given, form, seed, words, options)


def _fitted_settings(run: Run) -> dict[str, Any]:
    chosen = list(run.events("settings"))
    if not chosen:
        raise ValueError(f"{run.folder} never came to its training, so no setting can be tried against another")
    return dict(chosen[-1]["settings"])
