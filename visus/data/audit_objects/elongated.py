"""Are boxes much longer than wide, or much wider than long?"""

import numpy as np

from ..audit._evidence import NOTE, PASS, Verdict
from ..audit._phrases import share
from ._evidence import ObjectEvidence

RATIO = 5.0  # of the sides: an anchor of 1 : 2 can overlap such a box by half at most 0.4
FEW = 0.05  # of the objects


def check(evidence: ObjectEvidence) -> Verdict:
    """A note if more than a twentieth are. `names` are the boxes."""
    real = np.flatnonzero(~evidence.crowd & (evidence.sides > 0).all(1))
    sides = (evidence.sides * evidence.enlarged)[real]
    ratio = sides.max(1, initial=0) / sides.min(1, initial=np.inf)
    long = real[ratio > RATIO]
    if len(long) <= FEW * max(1, len(real)):
        what = f"{share(len(long), len(real), 'objects')} are more than {RATIO:g} times as long as wide"
        return Verdict("elongated", PASS, what)
    names = evidence.named(long)
    what = f"{share(len(long), len(real), 'objects')} are more than {RATIO:g} times as long as wide, such as {names[0]}"
    remedy = "choose anchors of their proportions, for example made from the data; usual ones, 1:2 to 2:1, match few"
    return Verdict("elongated", NOTE, what, remedy, names)
