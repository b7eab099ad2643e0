"""Do some classes cover much more than others?"""

import numpy as np

from ..audit._evidence import NOTE, PASS, WARNING, Verdict
from ..audit._phrases import percent
from ._evidence import MapEvidence

RULING = 0.9  # of the pixels that count: always answering this class is right so often
UNEVEN = 0.01  # a class with less is hardly felt in an unweighted loss


def check(evidence: MapEvidence) -> Verdict:
    """Warns if one class covers nearly everything; a note on classes with next to nothing. `names` are the classes."""
    counts = evidence.counts.sum(0)
    share = counts / max(1, counts.sum())
    if len(share) < 2 or not counts.sum():
        return Verdict("pixel_balance", PASS, "fewer than two classes are painted, so there is nothing to balance")
    names, largest, smallest = evidence.found.classes, int(share.argmax()), int(share.argmin())
    what = (
        f"{names[largest]} covers {percent(float(share[largest]))} of the pixels that count, {names[smallest]} "
        f"{percent(float(share[smallest]))}"
    )
    small = [names[c] for c in np.flatnonzero(share < UNEVEN).tolist()]
    remedy = "read the overlap of each class, not the share of right pixels, and weigh the classes in the loss"
    if share[largest] > RULING:
        return Verdict("pixel_balance", WARNING, what, remedy, small)
    return Verdict("pixel_balance", NOTE, what, remedy, small) if small else Verdict("pixel_balance", PASS, what)
