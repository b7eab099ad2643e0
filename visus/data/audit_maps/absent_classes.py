"""Is every class painted somewhere, and in every part?"""

import numpy as np

from ..audit._evidence import NOTE, PASS, WARNING, Verdict
from ..audit._phrases import count, listed
from ..collection import TEST, TRAIN, VALIDATION
from ._evidence import MapEvidence

FEWEST = 3  # maps with a class: one for each part


def check(evidence: MapEvidence) -> Verdict:
    """Warns of classes that are never painted, or not in a stated part. `names` are the classes."""
    names, there = evidence.found.classes, (evidence.counts > 0).sum(0)
    never = [names[c] for c in np.flatnonzero(there == 0).tolist()]
    if never:
        shifted = bool(there[1:].all()) and names and not there[0]
        what = f"{len(never):,} of {count(len(names), 'classes')} are never painted: {listed(never)}"
        remedy = "leave them out of the class list: their overlap is not defined"
        if shifted:
            remedy = "only the first is missing: do codes begin at 1, and the list at 0?"
        return Verdict("absent_classes", WARNING, what, remedy, never)
    place = {row: i for i, row in enumerate(evidence.readable)}
    for part in (TRAIN, VALIDATION, TEST):
        rows = [place[row] for row in evidence.in_part(part)]
        missing = [names[c] for c in np.flatnonzero(evidence.counts[rows].sum(0) == 0).tolist()] if rows else []
        if missing:
            what = f"the stated {part} part has no pixel of {listed(missing)}"
            remedy = "drop the stated split and let one be drawn, or add pictures of these classes to the part"
            return Verdict("absent_classes", WARNING, what, remedy, missing)
    rare = [f"{names[c]} ({there[c]})" for c in np.flatnonzero(there < FEWEST).tolist()]
    if rare:
        what = f"{count(len(rare), 'classes')} are in fewer than {FEWEST} maps, one for each part: {listed(rare)}"
        return Verdict("absent_classes", NOTE, what, "add pictures of them, or expect vague figures", rare)
    return Verdict("absent_classes", PASS, f"each of {count(len(names), 'classes')} is in {there.min():,} maps or more")
