"""Has every class enough different pictures to be learned and to be tested?"""

import numpy as np
from numpy.typing import NDArray

from ..collection import CLASSES
from ..split import merge_groups, rows_by_key
from ._evidence import BLOCKER, NOTE, PASS, WARNING, Evidence, Verdict
from ._phrases import count, listed, readable

FEWEST = 3  # independent pictures: one each for training, validation and test
FEW = 20  # below, a class has about three test pictures: its accuracy says next to nothing


def check(evidence: Evidence) -> Verdict:
    """Blocks if fewer than two classes can be divided; warns of classes that cannot. `names` are the small classes."""
    classes = evidence.collection.classes
    sizes = _independent(evidence)
    if evidence.collection.kind != CLASSES and (sizes >= FEWEST).sum() >= 2:
        return Verdict("class_size", PASS, f"pictures come with {evidence.collection.kind}, not with classes")
    divisible = int((sizes >= FEWEST).sum())
    if divisible < 2:
        what = (
            f"{divisible} of {count(len(classes), 'classes')} have at least {FEWEST} independent pictures, "
            f"one each for training, validation and test; at least 2 such classes are needed"
        )
        remedy = "add pictures that are not copies of each other, or check that each class has a folder of its own"
        return Verdict(
            "class_size", BLOCKER, what, remedy, [name for name, size in zip(classes, sizes) if size < FEWEST]
        )
    smallest = int(sizes.argmin())
    range_ = f"classes have {sizes.min():,} to {sizes.max():,} independent pictures each"
    if sizes.min() >= FEW:
        return Verdict("class_size", PASS, f"the {len(classes)} {range_}")
    limit = FEWEST if sizes.min() < FEWEST else FEW
    small = [classes[c] for c in np.argsort(sizes, kind="stable").tolist() if sizes[c] < limit]
    have = f"{count(len(small), 'classes')} {'has' if len(small) == 1 else 'have'}"
    what = f"{have} fewer than {limit} independent pictures ({listed(small)}); {range_}"
    if limit == FEW:
        return Verdict(
            "class_size", NOTE, what, f"add pictures: what is measured of {classes[smallest]} is vague", small
        )
    remedy = "add pictures or drop these classes; until then they cannot be tested, only trained on"
    return Verdict("class_size", WARNING, what, remedy, small)


def _independent(evidence: Evidence) -> NDArray[np.int64]:
    """Per class, the readable pictures, copies of each other and members of one group counted once."""
    collection = evidence.collection
    groups = merge_groups(len(collection), evidence.near_groups, rows_by_key(collection.groups).values())
    pairs = {(int(collection.labels[row]), int(groups[row])) for row in readable(evidence)}
    labels = np.array([label for label, _ in pairs], dtype=np.int64)
    return np.bincount(labels, minlength=len(collection.classes))
