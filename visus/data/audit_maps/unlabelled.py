"""How much of the pictures is of no class?"""

import numpy as np

from ..audit._evidence import BLOCKER, NOTE, PASS, WARNING, Verdict
from ..audit._phrases import count, percent
from ._evidence import MapEvidence

MUCH = 0.5  # of all pixels
BARE = 0.99  # of a map: nothing is learned from it


def check(evidence: MapEvidence) -> Verdict:
    """Warns beyond half of the pixels; a note on maps with next to nothing; blocks if all is. `names` are the maps."""
    rows = evidence.readable
    ignored = np.array([evidence.seen[row].ignored for row in rows], dtype=np.float64)
    pixels = np.array([evidence.seen[row].pixels for row in rows], dtype=np.float64)
    part = float(ignored.sum() / max(1.0, pixels.sum()))
    bare = [row for row, is_bare in zip(rows, ignored > BARE * pixels, strict=True) if is_bare]
    names = evidence.map_names(bare)
    what = f"{percent(part)} of the pixels are of no class and do not count"
    if rows and part == 1:
        remedy = "is this the right class list for these maps?"
        return Verdict("unlabelled", BLOCKER, what, remedy, names)
    also = f"; {count(len(bare), 'maps')} hold next to nothing else, such as {names[0]}" if bare else ""
    if part > MUCH:
        remedy = "is a class missing in the list, or is everything else a class of its own, background?"
        return Verdict("unlabelled", WARNING, what + also, remedy, names)
    if bare:
        return Verdict("unlabelled", NOTE, what + also, "leave these out: nothing is learned from them", names)
    return Verdict("unlabelled", PASS, what)
