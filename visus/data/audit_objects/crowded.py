"""Are there more objects in a picture than a detector answers with?"""

import numpy as np

from ..audit._evidence import NOTE, PASS, Verdict
from ..audit._phrases import share
from ._evidence import ObjectEvidence

MOST = 100  # answers a picture, as COCO measures


def check(evidence: ObjectEvidence) -> Verdict:
    """A note with the fullest picture. `names` are the pictures with too many."""
    counts = np.bincount(evidence.rows[~evidence.crowd], minlength=len(evidence.annotations))
    names, fullest = evidence.annotations.names, int(counts.argmax()) if len(counts) else 0
    what = f"pictures have {np.median(counts):.0f} objects in the middle, at most {counts[fullest]:,}"
    many = [names[row] for row in np.flatnonzero(counts > MOST).tolist()]
    if not many:
        return Verdict("crowded", PASS, what)
    said = f"{share(len(many), len(names))} have more than {MOST} objects; {what} ({names[fullest]})"
    remedy = "the rest is missed whatever is learned: let the detector answer with more, or cut pictures into tiles"
    return Verdict("crowded", NOTE, said, remedy, many)
