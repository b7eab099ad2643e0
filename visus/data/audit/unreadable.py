"""Can every picture be decoded to its last byte?"""

from ._evidence import BLOCKER, PASS, WARNING, Evidence, Verdict
from ._phrases import count, named, share

MOST = 0.5  # of the pictures: if more are broken, it is the copy or the import that is broken


def check(evidence: Evidence) -> Verdict:
    """Blocks if most pictures are unreadable, warns if any is."""
    seen = evidence.observations
    broken = [row for row, observation in enumerate(seen) if observation.error]
    if not broken:
        return Verdict("unreadable", PASS, f"{count(len(seen), 'pictures')} decoded in full, none is broken")
    empty = sum(seen[row].n_bytes == 0 for row in broken)
    some = f", {empty:,} of them empty or missing" if empty else ""
    what = f"{share(len(broken), len(seen))} cannot be read{some}; the first: {seen[broken[0]].error.partition(';')[0]}"
    if len(broken) > MOST * len(seen):
        remedy = "copy the pictures again from their source, or check that the folder is the right one"
        return Verdict("unreadable", BLOCKER, what, remedy, named(evidence, broken))
    remedy = "replace them with good copies or remove them; until then they are left out"
    return Verdict("unreadable", WARNING, what, remedy, named(evidence, broken))
