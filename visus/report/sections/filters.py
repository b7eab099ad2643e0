"""What the first layer looks for."""

from typing import Any

from ..pictures import filter_pictures
from ..record import Record

MAX_FILTERS = 64


def gather(record: Record) -> dict[str, Any] | None:
    """First-layer filters as pictures; None if none were kept or they do not look at colours."""
    filters = record.tensors.get("filters")
    if filters is None or filters.ndim != 4 or filters.shape[1] not in (1, 3) or not len(filters):
        return None
    return {"pictures": filter_pictures(filters[:MAX_FILTERS]), "n": len(filters), "size": filters.shape[2:]}
