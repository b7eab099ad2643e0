"""Do some classes have many more pictures than others?"""

import numpy as np

from ..collection import CLASSES
from ._evidence import NOTE, PASS, WARNING, Evidence, Verdict
from ._phrases import percent, readable

LOPSIDED = (
    10.0  # largest to smallest class: beyond it accuracy speaks of the large classes only (as SageMaker Debugger)
)
UNEVEN = 3.0  # ... worth knowing when reading an accuracy
CONCENTRATED = 0.5  # exp(entropy) of the labels over the number of classes, as TheDeepChecker's label perplexity


def check(evidence: Evidence) -> Verdict:
    """Warns beyond 10 to 1 or if the labels are as if half of the classes were missing. `names` are small classes."""
    if evidence.collection.kind != CLASSES:
        return Verdict("class_balance", PASS, f"pictures come with {evidence.collection.kind}, not with classes")
    rows = np.array(readable(evidence), dtype=np.int64)
    counts = np.bincount(evidence.collection.labels[rows], minlength=len(evidence.collection.classes))
    present = np.flatnonzero(counts).tolist()
    if len(present) < 2:
        return Verdict("class_balance", PASS, "fewer than two classes have pictures, so there is nothing to balance")
    chance = counts[present] / counts.sum()
    effective = float(np.exp(-(chance * np.log(chance)).sum()))
    smallest, largest = min(present, key=counts.__getitem__), max(present, key=counts.__getitem__)
    ratio = counts[largest] / counts[smallest]
    name = evidence.collection.classes
    if ratio <= UNEVEN:
        what = f"the largest of {len(present)} classes has {ratio:.1f} times the pictures of the smallest"
        return Verdict("class_balance", PASS, what)
    what = (
        f"{name[largest]} has {counts[largest]:,} pictures, {name[smallest]} {counts[smallest]:,} ({ratio:,.1f} to 1); "
        f"always answering {name[largest]} would be right in {percent(chance.max())} of cases"
    )
    severe = ratio > LOPSIDED or effective < CONCENTRATED * len(present)
    remedy = (
        "read the accuracy of each class, not only the overall one; collect more of the small classes or weigh them"
    )
    small = [name[c] for c in present if counts[c] * UNEVEN < counts[largest]]
    return Verdict("class_balance", WARNING if severe else NOTE, what, remedy, small)
