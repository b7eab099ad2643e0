"""Does the loss count the padding behind the end of sequences?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the cross-entropy with and without padding at a measured step"

FEWEST = 3
ALWAYS = 0.8  # share of the steps that tell; a smoothed loss may be equal by chance, once
MATTERS = 0.05  # of the targets


def look(chart: Chart) -> list[Finding]:
    seen = readings.outputs(chart, "padding")
    if len(seen) < FEWEST:
        return []
    counted = [share for share in seen if share > 0]
    share = readings.middle(counted)
    if len(counted) < ALWAYS * len(seen) or share < MATTERS:
        return [Finding(PASS, "the loss is not one that counts padding")]
    return [
        Finding(
            NOTE,
            f"{share:.0%} of the targets that the loss counts are padding",
            "none",
            "the loss is a mean over padding, too: it falls because padding is easy, and sequences end too early",
            "cross_entropy(..., ignore_index=pad), or a mask and a mean over real tokens",
            kind="padding_in_loss",
            where="loss (ignore_index)",
            weight=min(0.9, 0.6 + share),
            defect=True,
        )
    ]
