"""Are the pictures of the size that the marks were made for?"""

from ..audit._evidence import PASS, WARNING, Verdict
from ..audit._phrases import share
from ._evidence import ObjectEvidence


def check(evidence: ObjectEvidence) -> Verdict:
    """Warns of pictures whose files are of another size than the annotations say. `names` are the pictures."""
    if evidence.pictures is None:
        return Verdict("picture_size", PASS, "the pictures were not looked at")
    seen = {one.name: (one.height, one.width) for one in evidence.pictures.observations if not one.error}
    said = dict(zip(evidence.annotations.names, map(tuple, evidence.annotations.sizes.tolist()), strict=True))
    other = [name for name, size in said.items() if name in seen and seen[name] != size]
    if not other:
        return Verdict("picture_size", PASS, f"all of {len(said):,} pictures are as large as stated")
    (height, width), (real_height, real_width) = said[other[0]], seen[other[0]]
    what = (
        f"{share(len(other), len(said))} are of another size than stated, such as {other[0]} "
        f"({real_width} x {real_height}, stated {width} x {height})"
    )
    remedy = "give the pictures that were marked: boxes are in pixels, and would lie elsewhere"
    return Verdict("picture_size", WARNING, what, remedy, other)
