"""Were maps compressed or scaled like photographs, so that codes ran into each other?"""

from ..audit._evidence import BLOCKER, PASS, WARNING, Verdict
from ..audit._phrases import share
from ._evidence import MapEvidence

ODD = 30  # unknown codes in one map: a list that lacks some classes lacks fewer
LOSSY = ("JPEG", "MPO")
MOST = 0.5  # of the maps


def check(evidence: MapEvidence) -> Verdict:
    """Warns of maps kept as JPEG or with dozens of odd values, blocks if most are. `names` are the maps."""
    rows = [
        row
        for row, one in enumerate(evidence.seen)
        if one.format in LOSSY or (not one.error and len(one.unknown) >= ODD)
    ]
    if not rows:
        return Verdict("smeared", PASS, "maps hold clean codes")
    n = len(evidence.seen)
    one, (name,) = evidence.seen[rows[0]], evidence.map_names(rows[:1])
    odd = f" with {len(one.unknown):,} values that no class has" if one.unknown else ""
    what = f"{share(len(rows), n, 'maps')} are smeared, such as {name}, a {one.format or 'file'}{odd}"
    remedy = "save maps as PNG, and scale them by the nearest pixel: other ways invent classes at every border"
    return Verdict("smeared", BLOCKER if len(rows) > MOST * n else WARNING, what, remedy, evidence.map_names(rows))
