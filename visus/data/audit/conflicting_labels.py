"""Does the same picture carry two different labels?"""

from collections.abc import Sequence

from ._evidence import NOTE, PASS, WARNING, Evidence, Verdict
from ._phrases import count, named


def check(evidence: Evidence) -> Verdict:
    """Warns if equal pictures disagree; a note if only nearly equal ones do. `names` lists group after group."""
    equal, alike = _conflicts(evidence, evidence.duplicate_groups), _conflicts(evidence, evidence.near_groups)
    if not alike and not equal:
        return Verdict("conflicting_labels", PASS, "no picture is there under two labels")
    severity, groups, how = (WARNING, equal, "equal") if equal else (NOTE, alike, "nearly equal")
    first = groups[0][0]
    labels = evidence.collection.labels
    second = next(row for row in groups[0] if labels[row] != labels[first])
    one, other = (f"{evidence.collection.names[row]} ({_label(evidence, row)})" for row in (first, second))
    what = f"{count(len(groups), 'groups')} of {how} pictures have different labels; for example {one} and {other}"
    remedy = "decide which label is right and correct or remove the others; no model can satisfy both"
    return Verdict("conflicting_labels", severity, what, remedy, named(evidence, [r for g in groups for r in g]))


def _conflicts(evidence: Evidence, groups: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    return [group for group in groups if len({int(evidence.collection.labels[row]) for row in group}) > 1]


def _label(evidence: Evidence, row: int) -> str:
    return str(evidence.collection.classes[evidence.collection.labels[row]])
