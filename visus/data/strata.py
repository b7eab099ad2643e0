"""Pictures with marked objects or label maps, split as pictures with classes are: by the rarest thing in them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from . import prepare as looking
from .annotations import Annotations
from .audit._gather import Gathered
from .collection import Collection, Files
from .label_maps import LabelMaps
from .split import PARTS, Split

FEWEST_OF_A_CLASS = 9  # pictures with it, for the split to keep its shares alike

Strata = tuple[NDArray[np.int64], Sequence[str]]


def pictures_of(found: Annotations | LabelMaps, strata: Strata | None = None) -> Collection:
    """The pictures alone; their labels are strata that a split is to keep alike, or nothing."""
    labels, classes = strata or (np.zeros(len(found), dtype=np.int64), ("pictures",))
    return Collection(
        found.origin,
        Files(list(found.paths)),
        list(found.names),
        labels,
        classes,
        splits=found.splits,
        groups=found.groups,
        problems=found.problems,
    )


def divide(
    found: Annotations | LabelMaps, gathered: Gathered, there: NDArray[np.int64], seed: int
) -> tuple[Gathered, Split]:
    """What was seen, now with strata, and the three parts. there: (N, K), how much of each class is in each picture.

    Raises ValueError for too few pictures.
    """
    why = ""
    for strata in _strata(there, found.classes):
        told = replace(gathered, evidence=replace(gathered.evidence, collection=pictures_of(found, strata)))
        try:
            return told, looking.divide(told, seed)
        except ValueError as error:
            why = str(error)
    raise ValueError(f"{found.origin} cannot be split into three parts: {why}")


def _strata(there: NDArray[np.int64], classes: Sequence[str]) -> Iterator[Strata]:
    """Ways to group the pictures, with names of the groups, the best first."""
    held = there > 0
    frequent = held.sum(0)
    rarity = np.where(held & (frequent >= FEWEST_OF_A_CLASS), frequent, len(there) + 1)
    rarest = np.where(rarity.min(1) <= len(there), rarity.argmin(1), len(classes))
    groups = np.bincount(rarest, minlength=len(classes) + 1)
    told = np.where(groups[rarest] >= len(PARTS), rarest, groups.argmax())  # the split divides no smaller group
    if len(np.unique(told)) > 1:
        yield told.astype(np.int64), [*classes, "no frequent class"]
    much = there.sum(1) > np.median(there.sum(1))
    if min(much.sum(), (~much).sum()) >= len(PARTS):
        yield much.astype(np.int64), ("little", "much")
    yield np.arange(len(there), dtype=np.int64) % 2, ("even", "odd")
