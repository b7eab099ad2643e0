"""Could a model tell a class by how its pictures are stored instead of by what they show?"""

import numpy as np

from ..collection import CLASSES
from ._evidence import PASS, WARNING, Evidence, Verdict
from ._phrases import named, readable

PROPERTIES = {"format": "format", "mode": "colour mode", "orientation": "EXIF orientation"}
WITHIN = 0.9  # share of a class that has the property ...
OUTSIDE = 0.1  # ... and of the other classes: what is right nine times in ten is easier to learn than any object
FEWEST = 10  # pictures of the class, below which such a share may be chance


def check(evidence: Evidence) -> Verdict:
    """Warns if nearly all of one class and hardly anything else shares a format, colour mode or orientation."""
    rows = np.array(readable(evidence), dtype=np.int64)
    labels, classes = evidence.collection.labels[rows], evidence.collection.classes
    counts = np.bincount(labels, minlength=len(classes))
    what, culprits = [], []
    for key, word in PROPERTIES.items():
        values = np.array([str(getattr(evidence.observations[row], key)) for row in rows.tolist()])
        for value in np.unique(values):
            has = np.bincount(labels[values == value], minlength=len(classes))
            for c, name in enumerate(classes):
                n_others, n_others_have = int(counts.sum() - counts[c]), int(has.sum() - has[c])
                common = counts[c] >= FEWEST and has[c] >= WITHIN * counts[c]
                if common and n_others and n_others_have <= OUTSIDE * n_others:
                    own = f"{has[c]:,} of {counts[c]:,} pictures of {name} have {word} {value}"
                    what.append(f"{own}, of the others {n_others_have:,} of {n_others:,}")
                    culprits += rows[(labels == c) & (values == value)].tolist()
    if not what:
        given_away = "class is" if evidence.collection.kind == CLASSES else f"{evidence.collection.kind} are"
        return Verdict("shortcut", PASS, f"no {given_away} given away by format, colour mode or orientation")
    more = f" (and {len(what) - 1} more such properties)" if len(what) > 1 else ""
    remedy = "store all classes alike, for example all grey, or add pictures of this class that are stored otherwise"
    return Verdict("shortcut", WARNING, what[0] + more, remedy, named(evidence, culprits))
