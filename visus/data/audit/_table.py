"""How many pictures of which format, mode, size and orientation."""

from collections import Counter
from collections.abc import Iterable

from ._evidence import Evidence

MOST_SIZES = 20  # photographs come in hundreds of sizes; the rest is added up


def table(evidence: Evidence) -> dict[str, dict[str, int]]:
    """Counts over the readable pictures, most frequent first: {"format": {"JPEG": 398}, "size": {"300x200": 30}, ...}.

    Keys: format and mode (Pillow's names), size (width x height as shown, the 20 most frequent, then "other") and
    orientation (EXIF, "1" is upright). Ready for JSON.
    """
    seen = [observation for observation in evidence.observations if not observation.error]
    return {
        "format": _counts(o.format for o in seen),
        "mode": _counts(o.mode for o in seen),
        "size": _counts((f"{o.width}x{o.height}" for o in seen), MOST_SIZES),
        "orientation": _counts(str(o.orientation) for o in seen),
    }


def _counts(values: Iterable[str], most: int | None = None) -> dict[str, int]:
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    found = dict(counts[:most])
    if rest := sum(n for _, n in counts[len(found) :]):
        found["other"] = rest
    return found
