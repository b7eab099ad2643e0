"""Is every map as large as its picture?"""

from ..audit._evidence import BLOCKER, NOTE, PASS, WARNING, Verdict
from ..audit._phrases import share
from ._evidence import MapEvidence, Seen

ALIKE = 0.02  # that proportions may differ: a pixel lost to rounding


def check(evidence: MapEvidence) -> Verdict:
    """A note if only the scale differs; other proportions are a warning, for most maps a blocker. `names`: the maps."""
    known = [row for row in evidence.readable if evidence.seen[row].picture_size[0]]
    other = [row for row in known if evidence.seen[row].size != evidence.seen[row].picture_size]
    if not other:
        return Verdict("size_mismatch", PASS, f"all of {len(known):,} maps are as large as their pictures")
    bent = [row for row in other if not _proportional(evidence.seen[row])]
    shown = (bent or other)[0]
    one, (name,) = evidence.seen[shown], evidence.map_names([shown])
    (height, width), (own_height, own_width) = one.size, one.picture_size
    example = f"such as {name} ({width} x {height} pixels, its picture {own_width} x {own_height})"
    if not bent:
        what = f"{share(len(other), len(known), 'maps')} are of another size than their pictures, {example}"
        return Verdict("size_mismatch", NOTE, what, "they are scaled by the nearest pixel", evidence.map_names(other))
    turned = " and lie on their side: apply the pictures' EXIF orientation to the maps" * (
        (height, width) == (own_width, own_height)
    )
    what = f"{share(len(bent), len(known), 'maps')} have other proportions than their pictures, {example}{turned}"
    remedy = "pair every picture with its own map, at the same proportions; until then they are left out"
    severity = BLOCKER if 2 * len(bent) > len(known) else WARNING
    return Verdict("size_mismatch", severity, what, remedy, evidence.map_names(bent))


def _proportional(one: Seen) -> bool:
    (height, width), (own_height, own_width) = one.size, one.picture_size
    return abs((width / height) / (own_width / own_height) - 1) <= ALIKE
