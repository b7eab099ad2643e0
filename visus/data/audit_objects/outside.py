"""Do boxes reach beyond their pictures?"""

import numpy as np

from ..audit._evidence import BLOCKER, PASS, Verdict
from ..audit._phrases import by_share, share
from ._evidence import ObjectEvidence

SLACK = 1.0  # pixels: a border counted from 1 instead of 0
MOST = 0.25  # of all boxes: more means that boxes and pictures do not belong together


def check(evidence: ObjectEvidence) -> Verdict:
    """A note if rare, a warning beyond one in a hundred, blocks beyond a quarter. `names` are the boxes."""
    n, height_width = len(evidence.boxes), evidence.sizes
    beyond = np.maximum(-evidence.boxes[:, :2], evidence.boxes[:, 2:] - height_width[:, ::-1]).max(1, initial=0)
    out = np.flatnonzero(beyond > SLACK)
    if not len(out):
        return Verdict("outside", PASS, f"all of {n:,} boxes lie in their pictures")
    names = evidence.named(out)
    (farthest,) = evidence.named(beyond.argmax(keepdims=True))
    what = f"{share(len(out), n, 'boxes')} reach beyond their pictures; farthest {farthest}, {beyond.max():.0f} pixels"
    if len(out) > MOST * n:
        remedy = "were the pictures scaled down, and the boxes not? Give both at the same size"
        return Verdict("outside", BLOCKER, what, remedy, names)
    return Verdict("outside", by_share(len(out), n), what, "they are cut at the border; look at some of them", names)
