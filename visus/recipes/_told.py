"""What recipes may tell of a picture instead of its class: which columns of a table, and the task that learns them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import recipes
from ..data.batches import Batches, Prepared
from ..data.collection import ATTRIBUTES, CLASSES, NUMBERS, TRAIN
from ..engine import catalogue
from ..models import classifiers

RECIPES = {CLASSES: "classify", ATTRIBUTES: "attributes", NUMBERS: "regress"}  # by what they tell
OF_CLASSES = (
    "loss",
    "smoothing",
    "margin",
    "adversary",
    "epsilon",
    "attack_steps",
)  # settings that need one true class


@dataclass(frozen=True)
class Goal:
    """targets: columns of a table, joined by commas. kind: attributes or numbers. task: (standardise, network, batches,
    optimizer and the rest of a descent by name) -> the task."""

    targets: str
    kind: str
    task: Callable[..., Any]

    @property
    def columns(self) -> Mapping[str, str]:
        """How pictures are prepared for it. Raises ValueError if no column was named."""
        if not self.targets:
            raise ValueError(
                f"{RECIPES[self.kind]} needs the columns of the table to tell, for example targets=age; "
                "without targets classes are told apart by `visus train classify`"
            )
        return {"targets": self.targets, "kind": self.kind}


def columns(settings: Mapping[str, Any], recipe: str) -> dict[str, Any]:
    """How the pictures of a recipe with these settings are prepared: which columns are told, and as what."""
    kind = next((kind for kind, name in RECIPES.items() if name == recipe), CLASSES)
    return {"targets": settings["targets"], "kind": kind} if settings.get("targets") else {}


def need_classes(recipe: str, what: str) -> None:
    """Raise ValueError for a recipe that tells something else. what: a plural that needs classes, for the sentence."""
    about = getattr(catalogue.find(recipes, recipe), "SUBJECT", "")
    if about:
        raise ValueError(
            f"{what} are made for recipes that tell classes, and {recipe} is about {about}; use visus search"
        )
    kind = next((kind for kind, name in RECIPES.items() if name == recipe), CLASSES)
    if kind != CLASSES:
        raise ValueError(f"{what} are made for recipes that tell classes, and {recipe} tells {kind}; use visus search")


def check(prepared: Prepared, goal: Goal | None, model: str) -> None:
    """Raise ValueError for pictures of which something else is known, or a model that only names classes."""
    kind, known = goal.kind if goal else CLASSES, prepared.collection.kind
    if kind != known:
        raise ValueError(
            f"{RECIPES[kind]} tells {kind} and these pictures come with {known}; take the recipe {RECIPES[known]}"
        )
    module = catalogue.find(classifiers, model)
    if goal and not getattr(module, "DESCENDS", True):
        raise ValueError(f"{model} names classes by remembering and cannot tell {kind}; take model=linear or a network")
    if goal and getattr(module, "ONLY_CLASSES", False):
        raise ValueError(
            f"{model} learns where to look from classes that were right or wrong, and cannot tell {kind}; "
            "take model=small_conv or another network"
        )


def training_truth(batches: Batches) -> Any:
    """The targets (N, T) of the training part."""
    return batches.prepared.truth(batches.prepared.rows(TRAIN))
