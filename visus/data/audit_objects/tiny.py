"""Are objects large enough at the size that is trained at?"""

import numpy as np

from ..audit._evidence import NOTE, PASS, WARNING, Verdict
from ..audit._phrases import percent, share
from ._evidence import ObjectEvidence

SIDE = 16.0  # pixels: the root of the area below which a map of stride 16 gives an object less than one place
FEW, MANY = 0.05, 0.25  # of the objects
ENOUGH = 0.95  # of them shall be larger at the size that is advised


def check(evidence: ObjectEvidence) -> Verdict:
    """A note beyond a twentieth, a warning beyond a quarter; says what size would do. `names` are the boxes."""
    real = np.flatnonzero(~evidence.crowd & (evidence.sides > 0).all(1))
    if not len(real):
        return Verdict("tiny", PASS, "there are no objects to measure")
    sides = np.sqrt((evidence.sides * evidence.enlarged).prod(1))[real]
    frame = evidence.frame
    at = f"at the {frame.width} x {frame.height} pixels that are trained on"
    small = real[sides < SIDE]
    if len(small) <= FEW * len(real):
        return Verdict("tiny", PASS, f"{share(len(small), len(real), 'objects')} cover less than 16 x 16 pixels {at}")
    names = evidence.named(small)
    factor = SIDE / float(np.quantile(sides, 1 - ENOUGH))
    size = 32 * int(np.ceil(factor * max(frame.height, frame.width) / 32))
    own = int(np.median(evidence.annotations.sizes.max(1)))
    what = (
        f"{share(len(small), len(real), 'objects')} cover less than 16 x 16 pixels {at}, half of all less than "
        f"{np.median(sides):.0f} squared"
    )
    if size <= own:
        remedy = f"train at size={size}: there, {percent(ENOUGH)} are larger"
    else:
        remedy = (
            f"size={size} would do, but the pictures are {own} pixels long: cut them into overlapping tiles, or expect "
            "small objects to be missed"
        )
    return Verdict("tiny", WARNING if len(small) > MANY * len(real) else NOTE, what, remedy, names)
