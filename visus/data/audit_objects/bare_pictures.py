"""How many pictures have no object in them?"""

from ..audit._evidence import BLOCKER, NOTE, PASS, WARNING, Verdict
from ..audit._phrases import share
from ._evidence import ObjectEvidence

MOST = 0.5  # of the pictures: with more, it is likelier that marking was not finished


def check(evidence: ObjectEvidence) -> Verdict:
    """A note if there are any, a warning if they are most, blocks if all are bare. `names` are the pictures."""
    bare = [row for row, one in enumerate(evidence.annotations.objects) if not len(one)]
    n = len(evidence.annotations)
    if not bare:
        return Verdict("bare_pictures", PASS, f"each of {n:,} pictures has an object")
    names = [evidence.annotations.names[row] for row in bare]
    what = f"{share(len(bare), n)} have no object, for example {names[0]}"
    if len(bare) == n:
        return Verdict("bare_pictures", BLOCKER, "no picture has an object", "is this the right file of marks?", names)
    remedy = "they are learned as background; make sure that they were looked at and really are empty"
    return Verdict("bare_pictures", WARNING if len(bare) > MOST * n else NOTE, what, remedy, names)
