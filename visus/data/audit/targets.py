"""Are the numbers or attributes to be told spread so that they can be learned and tested?"""

import numpy as np
from numpy.typing import NDArray

from ..collection import ATTRIBUTES, CLASSES
from ._evidence import NOTE, PASS, WARNING, Evidence, Verdict
from ._phrases import count, listed, named, readable

FEWEST = 3  # pictures with an attribute, or without it: one each for training, validation and test
FEW = 20  # below, there are about three of them in the test part
FAR = 8.0  # times the middle half's width beyond its ends: a slip of the pen rather than a rare case


def check(evidence: Evidence) -> Verdict:
    """Warns of attributes that next to all or next to no pictures have; a note on numbers far from all others."""
    collection = evidence.collection
    if collection.kind == CLASSES or collection.targets is None:
        return Verdict("targets", PASS, "pictures come with one class each")
    rows = np.array(readable(evidence), dtype=np.int64)
    names, values = list(collection.target_names), collection.targets[rows]
    return _attributes(names, values) if collection.kind == ATTRIBUTES else _numbers(evidence, rows, names, values)


def _attributes(names: list[str], values: NDArray[np.float32]) -> Verdict:
    yes = values.sum(0).astype(int)
    rarer = np.minimum(yes, len(values) - yes)
    range_ = f"attributes are there in {yes.min():,} to {yes.max():,} of {len(values):,} pictures"
    if not len(rarer) or rarer.min() >= FEW:
        return Verdict("targets", PASS, f"the {len(names)} {range_}")
    limit = FEWEST if rarer.min() < FEWEST else FEW
    rare = [names[a] for a in np.argsort(rarer, kind="stable").tolist() if rarer[a] < limit]
    what = f"{count(len(rare), 'attributes')} with fewer than {limit} pictures on one side ({listed(rare)}); {range_}"
    remedy = "add pictures, or leave these attributes out: what is measured of them is vague"
    return Verdict("targets", WARNING if limit == FEWEST else NOTE, what, remedy, rare)


def _numbers(evidence: Evidence, rows: NDArray[np.int64], names: list[str], values: NDArray[np.float32]) -> Verdict:
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    width = np.maximum(high - low, 1e-12)
    far = (values < low - FAR * width) | (values > high + FAR * width)
    spans = zip(names, values.min(0), values.max(0))
    range_ = ", ".join(f"{name} runs from {a:g} to {b:g}" for name, a, b in spans)
    if not far.any() or not (high > low).all():
        return Verdict("targets", PASS, range_)
    row, column = (int(i) for i in np.argwhere(far)[0])
    culprits = rows[far.any(1)].tolist()
    what = (
        f"{count(len(culprits), 'pictures')} with a number far from all others, for example "
        f"{evidence.collection.names[rows[row]]} ({names[column]} {values[row, column]:g}); {range_}"
    )
    remedy = "check these entries; if they are right, loss=l1 keeps them from ruling the rest"
    return Verdict("targets", NOTE, what, remedy, named(evidence, culprits))
