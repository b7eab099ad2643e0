"""Do some classes have many more objects than others, or none at all?"""

import numpy as np

from ..audit._evidence import NOTE, PASS, WARNING, Verdict
from ..audit._phrases import count, listed
from ._evidence import ObjectEvidence

LOPSIDED, UNEVEN = 50.0, 10.0  # largest to smallest class; in pictures of the street or of blood, 10 is as it is
FEWEST = 3  # pictures with a class: one for each part


def check(evidence: ObjectEvidence) -> Verdict:
    """Warns of classes in fewer pictures than there are parts, and beyond 50 to 1. `names` are the small classes."""
    names, real = evidence.annotations.classes, ~evidence.crowd
    known = real & (evidence.labels >= 0) & (evidence.labels < len(names))
    counts = np.bincount(evidence.labels[known], minlength=len(names))
    pairs = np.unique(np.column_stack([evidence.rows[known], evidence.labels[known]]), axis=0)
    pictures = np.bincount(pairs[:, 1], minlength=len(names)) if len(pairs) else np.zeros(len(names), dtype=np.int64)
    rare = [f"{names[c]} ({pictures[c]})" for c in np.argsort(pictures, kind="stable") if pictures[c] < FEWEST]
    if rare:
        what = (
            f"{len(rare):,} of {count(len(names), 'classes')} are in fewer than {FEWEST} pictures, one for each part: "
            f"{listed(rare)}"
        )
        remedy = "what is in no test picture cannot be measured; add pictures, or leave these classes out"
        return Verdict("class_balance", WARNING, what, remedy, rare)
    if len(names) < 2:
        return Verdict("class_balance", PASS, f"one class, {count(int(counts.sum()), 'objects')}")
    smallest, largest = int(counts.argmin()), int(counts.argmax())
    ratio = counts[largest] / max(1, counts[smallest])
    what = (
        f"{names[largest]} has {count(int(counts[largest]), 'objects')}, {names[smallest]} {counts[smallest]:,} "
        f"({ratio:,.1f} to 1)"
    )
    if ratio <= UNEVEN:
        return Verdict("class_balance", PASS, what)
    small = [names[c] for c in range(len(names)) if counts[c] * UNEVEN < counts[largest]]
    remedy = (
        "the mean over classes weighs them alike; read the figure of each class, and collect more of the small ones"
    )
    return Verdict("class_balance", WARNING if ratio > LOPSIDED else NOTE, what, remedy, small)
