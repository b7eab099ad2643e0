"""Is the same object marked twice?"""

import numpy as np
import torch

from ...geometry.boxes import iou
from ..audit._evidence import PASS, Verdict
from ..audit._phrases import by_share, count, share
from ._evidence import ObjectEvidence

SAME = 0.95  # intersection over union: two hands do not mark two things so alike


def check(evidence: ObjectEvidence) -> Verdict:
    """Of one class twice, or of two classes. A note if rare, else a warning. `names` are the later boxes of pairs."""
    twice: list[int] = []
    torn: list[int] = []
    first = 0
    for one in evidence.annotations.objects:
        boxes = torch.from_numpy(one.boxes.reshape(-1, 4))
        same = torch.triu(iou(boxes, boxes) > SAME, diagonal=1).numpy() & ~(one.crowd[:, None] | one.crowd)
        alike = one.labels[:, None] == one.labels
        twice += (first + np.flatnonzero((same & alike).any(0))).tolist()
        torn += (first + np.flatnonzero((same & ~alike).any(0))).tolist()
        first += len(one)
    n = len(evidence.boxes)
    if not twice and not torn:
        return Verdict("duplicates", PASS, f"none of {n:,} boxes lies on another one")
    names = evidence.named(np.array(twice + torn))
    what = f"{share(len(twice), n, 'boxes')} repeat another one of their class" if twice else ""
    also = f"{count(len(torn), 'boxes')} lie on one of another class" if torn else ""
    remedy = "keep one of each: a detector that finds the object once is told that it missed the other"
    severity = by_share(len(twice) + len(torn), n)
    said = "; ".join(part for part in (what, also) if part)
    return Verdict("duplicates", severity, f"{said}; for example {names[0]}", remedy, names)
