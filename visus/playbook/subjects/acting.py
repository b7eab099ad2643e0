"""Acting: a world, and how to earn much in it."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ... import recipes, worlds
from ...engine import catalogue
from ...engine.task import Task
from ...recipes import _form
from ...report.wording import plain
from .. import _acting_evidence
from .._session import Show
from . import _shared
from ._acting import audit, baselines, split, test
from ._acting.evaluate import evaluate
from ._acting.ground import Ground, ground_of

__all__ = ["evaluate"]

RECIPE = "ppo"
SOURCE = "a world: a Gymnasium id such as CartPole-v1, a file of visus/worlds, or a Python file of your own"
STAGES = _shared.stages(audit, split, baselines, test)
PREPARED = ("world",)
FEWEST_STEPS = 1  # how long one learns is asked in steps of the world
MOST_LOOKED_AT = 1_000  # a world has no part that is looked at
TRIAL = 0.2  # what is tried, and how boldly, changes over a training: its beginning alone tells nothing of its end
GYMNASIUM_ID = re.compile(r"([\w-]+/)?[\w.-]+-v\d+")

check, processes_share, beaten = _shared.nothing_to_check, _shared.one_by_one, _shared.best_of
ship = partial(_shared.ship, "acting")


def recognises(source: str) -> bool:
    """An id as Gymnasium's look, the name of a world of ours, or a Python file."""
    if Path(source).exists():
        return Path(source).suffix == ".py"
    return bool(GYMNASIUM_ID.fullmatch(source)) or source in catalogue.names(worlds)


def learned(source: str, settings: Mapping[str, Any], task: str) -> str:
    """The recipe to train: the usual one, by settings made for this world where there are some."""
    found = _shared.learned("acting", RECIPE, source, settings, task)
    if task:
        return found
    made = (name for name in catalogue.names(recipes) if name.startswith(f"{RECIPE}_"))
    forms = {name: _form.own_fields(catalogue.find(recipes, name).build) for name in made}
    return next((name for name, form in forms.items() if "world" in form and form["world"].default == source), found)


def read_as(source: str, found: Ground, recipe: str) -> str:
    """`acting (CartPole-v1, to be played by ppo_cartpole)`."""
    return f"acting ({found.known.name}, learned by {recipe})"


def opened(source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Ground:
    return _looked_at(Ground(source, str(settings.get("options", "")), int(settings.get("seed", 0))))


def prepared(settings: Mapping[str, Any], recipe: str) -> Ground:
    return _looked_at(ground_of(settings))


def fitted(source: str, settings: Mapping[str, Any], recipe: str) -> Ground:
    return prepared({**settings, "world": source}, recipe)


def handed(prepared: Ground) -> dict[str, Any]:
    return {"world": prepared.world}


def trial_data(prepared: Ground) -> Ground:
    return prepared


def blind_score(prepared: Ground) -> float:
    """Of random actions."""
    return prepared.blind


def said(prepared: Ground, score: float) -> str:
    return f"return {plain(score)}"


def held(prepared: Ground) -> str:
    """Nothing: what is remembered is in it."""
    return ""


def keep(folder: Path, task: Task) -> Mapping[str, Any]:
    """There are no parts to note: episodes are begun by seeds."""
    return {}


def illustrate(folder: Path, task: Task, show: Show) -> None:
    """What the player does, and expects, in fresh episodes."""
    _acting_evidence.illustrate(folder, show)


def _looked_at(ground: Ground) -> Ground:
    """The same, opened: what cannot be is refused now."""
    assert ground.known
    return ground
