"""Can every label map be read?"""

from ..audit._evidence import BLOCKER, PASS, WARNING, Verdict
from ..audit._phrases import share
from ._evidence import MapEvidence

MOST = 0.5  # of the maps: if more are broken, it is the copy or the import that is broken


def check(evidence: MapEvidence) -> Verdict:
    """Blocks if most are not, warns if any is not. `names` are the maps."""
    broken = [row for row, one in enumerate(evidence.seen) if one.error]
    n = len(evidence.seen)
    if not broken:
        return Verdict("unreadable_maps", PASS, f"{n:,} maps decoded in full, none is broken")
    said = evidence.seen[broken[0]].error.partition(";")[0]
    what = f"{share(len(broken), n, 'maps')} cannot be read; the first: {said}"
    remedy = "replace them with good copies; until then their pictures are left out"
    return Verdict(
        "unreadable_maps", BLOCKER if len(broken) > MOST * n else WARNING, what, remedy, evidence.map_names(broken)
    )
