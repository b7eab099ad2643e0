"""Are there pictures of nothing: one colour from edge to edge?"""

from ._evidence import PASS, Evidence, Verdict
from ._phrases import by_share, count, named, readable, share

PLAIN = 0.01  # standard deviation of luma in [0, 1]: 2.5 grey levels; the plainest of CIFAR-10's 60,000 has 0.017


def check(evidence: Evidence) -> Verdict:
    """A note if plain pictures are rare, else a warning."""
    rows = readable(evidence)
    plain = [row for row in rows if evidence.observations[row].contrast < PLAIN]
    if not plain:
        return Verdict("uniform", PASS, f"none of {count(len(rows), 'pictures')} is of one colour")
    what = (
        f"{share(len(plain), len(rows))} are of one colour from edge to edge, such as {named(evidence, plain[:1])[0]}"
    )
    remedy = "remove them if they show nothing: an empty page, a covered lens, a failed download"
    return Verdict("uniform", by_share(len(plain), len(rows)), what, remedy, named(evidence, plain))
