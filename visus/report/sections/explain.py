"""What the network looks at: maps of right and wrong pictures, as `visus explain --add-to-report` keeps them."""

from typing import Any

import numpy as np

from ..pictures import data_uri
from ..record import Record, sequence

PICTURES, CAPTIONS, TECHNIQUES = "explained.pictures", "explained.captions", "explained.techniques"
READING = (
    "Brighter is more important to the class that was said; where a map has two signs, red speaks for the class and "
    "blue against it. Each map has its own scale, from nothing to its strongest place. Look at the wrong ones: does it "
    "look at the thing, or at what stands beside it?"
)


def gather(record: Record) -> dict[str, Any] | None:
    """Rows of a picture and its maps; None if none were kept.

    explained.pictures: uint8 (N, 1 + T, h, w, 3), the picture and the map of each of T techniques.
    """
    kept = record.tensors.get(PICTURES)
    captions = [str(caption) for caption in sequence(record.facts.get(CAPTIONS))]
    names = ["picture", *(str(name) for name in sequence(record.facts.get(TECHNIQUES)))]
    if kept is None or kept.ndim != 5 or kept.dtype != np.uint8 or kept.shape[:2] != (len(captions), len(names)):
        return None
    rows = [
        {"caption": caption, "pictures": [(data_uri(p), name) for p, name in zip(row, names, strict=True)]}
        for caption, row in zip(captions, kept, strict=True)
    ]
    return {
        "rows": rows,
        "lead": f"{len(rows)} validation pictures, each with its maps.",
        "reading": READING,
    }
