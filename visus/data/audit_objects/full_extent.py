"""Do boxes just cover their whole pictures?"""

import numpy as np

from ..audit._evidence import NOTE, PASS, WARNING, Verdict
from ..audit._phrases import share
from ._evidence import ObjectEvidence

WHOLE = 0.98  # of both sides
FEW, MANY = 0.02, 0.5  # of the objects


def check(evidence: ObjectEvidence) -> Verdict:
    """A note beyond one in fifty, a warning if most do. `names` are the boxes."""
    real = np.flatnonzero(~evidence.crowd)
    covered = (evidence.sides / np.maximum(evidence.sizes[:, ::-1], 1))[real]
    whole = real[(covered >= WHOLE).all(1)]
    said = f"{share(len(whole), len(real), 'objects')} cover their whole picture"
    if len(whole) <= FEW * max(1, len(real)):
        return Verdict("full_extent", PASS, said)
    names = evidence.named(whole)
    if len(whole) > MANY * len(real):
        remedy = "then there is nothing to find: sort the pictures into class folders and fit a classifier"
        return Verdict("full_extent", WARNING, said, remedy, names)
    return Verdict("full_extent", NOTE, said, "were they marked, or filled in where nobody had marked?", names)
