"""Is a picture of the stated validation or test part, or a copy of it, also in another part?"""

from collections.abc import Sequence

from ..collection import TEST, TRAIN, VALIDATION
from ..split import rows_by_key
from ._evidence import PASS, WARNING, Evidence, Verdict
from ._phrases import by_share, count, readable, share


def check(evidence: Evidence) -> Verdict:
    """Warns of equal pictures, and of nearly equal ones unless they are rare. `names` lists pair after pair."""
    stated = evidence.collection.splits or []
    held_out = [row for row in readable(evidence) if stated and stated[row] in (VALIDATION, TEST)]
    if not held_out:
        return Verdict("split_leak", PASS, "the collection states no split; one drawn here keeps copies on one side")
    related = rows_by_key(evidence.collection.groups)
    equal, near = (_pairs(stated, groups) for groups in (evidence.duplicate_groups, evidence.near_groups))
    torn = [name for name, rows in related.items() if len({stated[row] or TRAIN for row in rows}) > 1]
    also = f"; {count(len(torn), 'groups')} of the group column lie in several parts, such as {torn[0]}" if torn else ""
    if not near and not torn:
        what = f"none of {count(len(held_out), 'held-out pictures')} has a copy in another part"
        return Verdict("split_leak", PASS, what)
    names = evidence.collection.names
    shown = [f"{names[a]} ({stated[a]}) is like {names[b]} ({stated[b] or TRAIN})" for a, b in (equal or near)[:1]]
    what = (
        f"{share(len(near), len(held_out), 'held-out pictures')} have a copy in another part, "
        f"{len(equal):,} of them an exact one{': ' if shown else ''}{''.join(shown)}{also}"
    )
    remedy = (
        "remove the copies from the training part, or drop the stated split and let one be drawn that keeps them "
        "together; until then the test score is too good"
    )
    severity = WARNING if equal or torn else by_share(len(near), len(held_out))
    return Verdict("split_leak", severity, what, remedy, [names[row] for pair in near for row in pair])


def _pairs(stated: Sequence[str], groups: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Each held-out row with a copy elsewhere: for test rows in training or validation, for validation in training."""
    found = []
    for group in groups:
        parts = {part: [row for row in group if (stated[row] or TRAIN) == part] for part in (TRAIN, VALIDATION, TEST)}
        for part, elsewhere in ((VALIDATION, parts[TRAIN]), (TEST, parts[TRAIN] or parts[VALIDATION])):
            found += [(row, elsewhere[0]) for row in parts[part] if elsewhere]
    return found
