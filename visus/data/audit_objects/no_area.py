"""Has every box an area?"""

import numpy as np

from ..audit._evidence import PASS, WARNING, Verdict
from ..audit._phrases import share
from ._evidence import ObjectEvidence

THINNEST = 1.0  # pixels: a thing of less cannot be seen


def check(evidence: ObjectEvidence) -> Verdict:
    """Warns of boxes with a side below a pixel. `names` are the boxes."""
    thin = np.flatnonzero((evidence.sides < THINNEST).any(1))
    n = len(evidence.boxes)
    if not len(thin):
        return Verdict("no_area", PASS, f"each of {n:,} boxes is at least a pixel wide and high")
    names = evidence.named(thin)
    what = f"{share(len(thin), n, 'boxes')} are less than a pixel wide or high, for example {names[0]}"
    return Verdict("no_area", WARNING, what, "correct or remove them: nothing can be seen in them", names)
