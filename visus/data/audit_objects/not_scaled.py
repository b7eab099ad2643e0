"""Are boxes in pixels of the pictures as they are?"""

import numpy as np

from ..audit._evidence import BLOCKER, PASS, WARNING, Verdict
from ..audit._phrases import count, percent
from ._evidence import ObjectEvidence

CORNER = 0.7  # of both sides: that nothing ever lies beyond it is no chance
FEWEST = 40  # objects, to say so
FEWEST_PICTURES = 10


def check(evidence: ObjectEvidence) -> Verdict:
    """Blocks boxes in shares of the picture, warns if all lie in its upper left part."""
    n = len(evidence.boxes)
    if n and evidence.boxes.max() <= 1.0 and evidence.sizes.min() > 4:
        what = f"all of {count(n, 'boxes')} lie within 0..1, such as {evidence.named(np.array([0]))[0]}"
        remedy = "they are shares of the picture: multiply x by its width and y by its height"
        return Verdict("not_scaled", BLOCKER, what, remedy)
    n_pictures = len(np.unique(evidence.rows))
    if n < FEWEST or n_pictures < FEWEST_PICTURES:
        return Verdict("not_scaled", PASS, f"{count(n, 'boxes')} are too few to tell by where they lie")
    right, bottom = (evidence.boxes[:, 2:] / evidence.sizes[:, ::-1]).max(0).tolist()
    where = f"boxes reach to {percent(right)} of the width and {percent(bottom)} of the height"
    if max(right, bottom) >= CORNER:
        return Verdict("not_scaled", PASS, where)
    what = f"all of {count(n, 'boxes')} in {count(n_pictures, 'pictures')} lie in the upper left part: {where}"
    remedy = (
        f"were the pictures enlarged after marking? Multiply the boxes by about {1 / max(right, bottom):.2g}, or take "
        "the pictures that were marked"
    )
    return Verdict("not_scaled", WARNING, what, remedy)
