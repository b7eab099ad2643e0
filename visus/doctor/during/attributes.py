"""Is an attribute never named, though examples have it?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "attributes counted at measured steps"

FEWEST = 20  # examples that have it, in the measured steps of the last part of the run
NEVER = 0.02  # of these
LEARNED = 0.5  # recall of another attribute, which shows that something is learned
RARE = 0.3  # share of examples up to which naming it never is the easy way out
NAMED = 5


def look(chart: Chart) -> list[Finding]:
    there, named, hits = (readings.counts(chart, name, 0.7) for name in ("there", "named", "found"))
    n = sum(o["n"] for o in chart.values("outputs", begin=0.7) if "there" in o)
    if not there or len(there) != len(named) or not n or not readings.settled(chart):
        return []
    recalls = [hit / count for hit, count in zip(hits, there, strict=True) if count >= FEWEST]
    off = [
        i
        for i, (count, said) in enumerate(zip(there, named, strict=True))
        if FEWEST <= count <= RARE * n and said < NEVER * count
    ]
    if not off or max(recalls, default=0.0) < LEARNED:
        return []
    often = ", ".join(f"{i} ({there[i] / n:.0%} of the examples)" for i in off[:NAMED])
    return [
        Finding(
            NOTE,
            f"attribute {often}{' ...' if len(off) > NAMED else ''} is never named",
            "now and then",
            cause="it is rare, and saying no is right most of the time",
            remedy="judge it by average precision, choose its threshold on validation, or give it a weight in the loss "
            "(pos_weight)",
            kind="attribute_never_named",
            where=f"attribute {off[0]}",
            weight=0.35,
        )
    ]
