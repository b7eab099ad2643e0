"""Do outlines belong to their boxes?"""

import numpy as np
import torch

from ...geometry.boxes import iou
from ...geometry.masks import mask_box, rle_decode
from ..annotations import Outline, Rle
from ..audit._evidence import NOTE, PASS, Verdict
from ..audit._phrases import by_share, share
from ._evidence import ObjectEvidence, Table

AGREES = 0.5  # intersection over union of a box and its outline's own
LOOKED_AT = 2_000  # outlines, spread evenly: run lengths have to be unrolled


def check(evidence: ObjectEvidence) -> Verdict:
    """A note if few do not, else a warning; a note if only some objects have one. `names` are the boxes."""
    outlines = [outline for one in evidence.annotations.objects for outline in one.outlines]
    marked = np.array([i for i, outline in enumerate(outlines) if outline is not None], dtype=np.int64)
    if not len(marked):
        return Verdict("outlines", PASS, "objects are marked by boxes alone")
    some = marked[np.linspace(0, len(marked) - 1, min(LOOKED_AT, len(marked))).astype(np.int64)]
    own = torch.from_numpy(np.array([_extent(outlines[i]) for i in some.tolist()]))
    boxes = torch.from_numpy(evidence.boxes[some])
    overlap = iou(own[:, None], boxes[:, None])[:, 0, 0].numpy()
    wrong = some[overlap < AGREES]
    if len(wrong):
        names = evidence.named(wrong)
        what = f"{share(len(wrong), len(some), 'outlines')} lie elsewhere than their boxes, for example {names[0]}"
        remedy = "look at these: outline and box come from different objects, or one of them is not scaled"
        return Verdict("outlines", by_share(len(wrong), len(some)), what, remedy, names)
    bare = np.setdiff1d(np.arange(len(outlines)), marked)
    if len(bare):
        what = f"{share(len(bare), len(outlines), 'objects')} have no outline, only a box"
        return Verdict("outlines", NOTE, what, "masks are learned from the others alone", evidence.named(bare))
    return Verdict("outlines", PASS, f"outlines of {len(some):,} objects lie in their boxes")


def _extent(outline: Outline | None) -> Table:
    """The box around an outline, (4,)."""
    assert outline is not None
    if isinstance(outline, Rle):
        return mask_box(rle_decode(outline.counts, outline.height, outline.width))
    points = np.concatenate([np.reshape(ring, (-1, 2)) for ring in outline]).astype(np.float64)
    return np.concatenate([points.min(0), points.max(0)])
