"""Are there pictures that the collection holds more than once?"""

from ._evidence import PASS, Evidence, Verdict
from ._phrases import by_share, count, named, readable, share


def check(evidence: Evidence) -> Verdict:
    """A note if superfluous copies are rare, else a warning. `names` lists group after group, the first kept first."""
    groups, n = evidence.duplicate_groups, len(readable(evidence))
    extra = sum(len(group) - 1 for group in groups)
    if not extra:
        return Verdict("exact_duplicates", PASS, f"{count(n, 'pictures')}, no two of them equal")
    first, second = named(evidence, groups[0][:2])
    what = (
        f"{share(extra, n)} repeat another one exactly, in {count(len(groups), 'groups')}; "
        f"for example {second} equals {first}"
    )
    remedy = "keep one of each group; a split drawn here keeps groups on one side, but copies weigh more in training"
    return Verdict(
        "exact_duplicates", by_share(extra, n), what, remedy, named(evidence, [r for g in groups for r in g])
    )
