"""Does the same picture carry two different labels?"""

from collections.abc import Sequence

import numpy as np

from ..collection import NUMBERS, Collection
from ._evidence import NOTE, PASS, WARNING, Evidence, Verdict
from ._phrases import count, named

APART = 0.5  # deviations; the same face may well be entered as 34 and as 35


def check(evidence: Evidence) -> Verdict:
    """Warns if equal pictures disagree; a note if only nearly equal ones do. `names` lists group after group."""
    equal, alike = _conflicts(evidence, evidence.duplicate_groups), _conflicts(evidence, evidence.near_groups)
    if not alike and not equal:
        return Verdict("conflicting_labels", PASS, "no picture is there under two labels")
    severity, groups, how = (WARNING, equal, "equal") if equal else (NOTE, alike, "nearly equal")
    first = groups[0][0]
    second = next(row for row in groups[0] if _differ(evidence.collection, first, row))
    one, other = (f"{evidence.collection.names[row]} ({evidence.collection.said(row)})" for row in (first, second))
    what = f"{count(len(groups), 'groups')} of {how} pictures have different labels; for example {one} and {other}"
    remedy = "decide which label is right and correct or remove the others; no model can satisfy both"
    return Verdict("conflicting_labels", severity, what, remedy, named(evidence, [r for g in groups for r in g]))


def _conflicts(evidence: Evidence, groups: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    return [group for group in groups if any(_differ(evidence.collection, group[0], row) for row in group[1:])]


def _differ(collection: Collection, one: int, other: int) -> bool:
    """Whether two pictures are of different classes, have different attributes, or numbers well apart."""
    if collection.targets is None:
        return bool(collection.labels[one] != collection.labels[other])
    apart = np.abs(collection.targets[one] - collection.targets[other])
    room = APART * collection.targets.std(0) if collection.kind == NUMBERS else 0.0
    return bool((apart > room).any())
