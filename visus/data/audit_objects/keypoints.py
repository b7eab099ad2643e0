"""Do keypoints lie on their objects, and is it known which are left and right?"""

import re

import numpy as np

from ..audit._evidence import NOTE, PASS, WARNING, Verdict
from ..audit._phrases import by_share, count, listed, share
from ._evidence import ObjectEvidence

SIDED = re.compile(r"(^|[^a-z])(left|right|l|r)([^a-z]|$)", re.IGNORECASE)
SLACK = 0.25  # of a box's sides: hands may reach out of a box that was drawn around the body; what is hidden anywhere


def check(evidence: ObjectEvidence) -> Verdict:
    """Warns of left and right without a table of what becomes what in a mirror, and of keypoints far from their box."""
    found, names = evidence.annotations, list(evidence.annotations.keypoint_names)
    if not names:
        return Verdict("keypoints", PASS, "no keypoints are marked")
    sided = [name for name in names if SIDED.search(name)]
    if sided and list(found.mirrored or range(len(names))) == list(range(len(names))):
        what = f"keypoints are called {listed(sided)}, and nothing says what becomes what in a mirror"
        return Verdict("keypoints", WARNING, what, "train without flip, or name the pairs", sided)
    points = np.concatenate(
        [np.zeros((0, len(names), 3)), *(o.keypoints for o in found.objects if o.keypoints is not None)]
    )
    if len(points) != len(evidence.boxes):
        return Verdict("keypoints", NOTE, "some pictures have keypoints and others have none", "is a part missing?")
    marked = points[..., 2] > 0
    never = [names[k] for k in np.flatnonzero(~np.any(marked, axis=0))]
    if never:
        what = f"{count(len(never), 'keypoints')} of {len(names)} are never marked ({listed(never)})"
        return Verdict("keypoints", WARNING, what, "leave them out: nothing can be learned of them", never)
    reach = SLACK * evidence.sides[:, None]
    low, high = evidence.boxes[:, None, :2] - reach, evidence.boxes[:, None, 2:] + reach
    off = (points[..., 2] == 2) & ((points[..., :2] < low) | (points[..., :2] > high)).any(-1)
    culprits = np.flatnonzero(off.any(1))
    n = int(marked.any(1).sum())
    if not len(culprits):
        return Verdict("keypoints", PASS, f"{count(n, 'objects')} with keypoints, each near its box")
    named = evidence.named(culprits)
    what = f"{share(len(culprits), n, 'objects')} have a keypoint far from their box, for example {named[0]}"
    return Verdict("keypoints", by_share(len(culprits), n), what, "look at these: is the scale right?", named)
