"""Do maps hold codes that the class list does not have?"""

from collections import Counter

from ..audit._evidence import NOTE, PASS, WARNING, Verdict
from ..audit._phrases import percent, share
from ..map_pixels import Code
from ._evidence import MapEvidence

FEW = 0.001  # of the pixels
SHOWN = 5  # codes in a sentence


def check(evidence: MapEvidence) -> Verdict:
    """A note if they have next to no pixels, else a warning. `names` are the maps, with their unknown codes."""
    there = [row for row in evidence.readable if evidence.seen[row].unknown]
    if not there:
        return Verdict("unknown_ids", PASS, f"all codes in {len(evidence.readable):,} maps are in the class list")
    pixels: Counter[Code] = Counter()
    maps: Counter[Code] = Counter()
    for row in there:
        pixels.update(evidence.seen[row].unknown)
        maps.update(evidence.seen[row].unknown.keys())
    part = sum(pixels.values()) / max(1, sum(evidence.seen[row].pixels for row in evidence.readable))
    listed = ", ".join(f"{code} ({maps[code]:,} maps)" for code, _ in pixels.most_common(SHOWN))
    more = f" and {len(pixels) - SHOWN:,} more" if len(pixels) > SHOWN else ""
    what = (
        f"{share(len(there), len(evidence.readable), 'maps')} hold codes that no class has: {listed}{more}, "
        f"{percent(part)} of all pixels; the first is {evidence.map_names(there)[0]}"
    )
    remedy = "complete the class list, or mark them there as ignored; until then these pixels do not count"
    names = [f"{name}: {_codes(evidence, row)}" for row, name in zip(there, evidence.map_names(there), strict=True)]
    return Verdict("unknown_ids", NOTE if part <= FEW else WARNING, what, remedy, names)


def _codes(evidence: MapEvidence, row: int) -> str:
    codes = list(evidence.seen[row].unknown)
    return ", ".join(map(str, codes[:SHOWN])) + (f" and {len(codes) - SHOWN:,} more" if len(codes) > SHOWN else "")
