"""Are there pictures that are copies of each other but for encoding, size, light or a sliver at the edge?"""

from ._evidence import PASS, Evidence, Verdict
from ._phrases import by_share, count, named, readable, share


def check(evidence: Evidence) -> Verdict:
    """A note if such copies are rare, else a warning. Exact duplicates are counted by their own check."""
    contents = [observation.content for observation in evidence.observations]
    groups = [group for group in evidence.near_groups if len({contents[row] for row in group}) > 1]
    extra = sum(len({contents[row] for row in group}) - 1 for group in groups)
    n = len(readable(evidence))
    if not extra:
        return Verdict("near_duplicates", PASS, f"{count(n, 'pictures')}, no two of them nearly equal")
    shown = groups[0]
    other = next(row for row in shown if contents[row] != contents[shown[0]])
    first, second = named(evidence, [shown[0], other])
    what = (
        f"{share(extra, n)} nearly repeat another one, in {count(len(groups), 'groups')} "
        f"of at most {max(map(len, groups)):,}; for example {second} is almost {first}"
    )
    remedy = (
        "nothing if they are meant to be there: a split drawn here keeps them on one side; "
        "for frames of videos or several pictures of one subject, name the video or subject in a group column"
    )
    return Verdict("near_duplicates", by_share(extra, n), what, remedy, named(evidence, [r for g in groups for r in g]))
