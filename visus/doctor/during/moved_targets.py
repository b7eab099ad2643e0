"""Are the targets of a language model its next inputs, unseen by it: moved by one, and ahead of what it reads?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding
from ..instruments.consultation import LANGUAGE

COST = "tokens compared at a measured step; at each validation a few sequences with other endings through a copy"

SAME = 0.999  # share of the targets that are the inputs themselves
AHEAD = 1e-2  # of the answers' spread
FEWEST = 3


def look(chart: Chart) -> list[Finding]:
    seen = chart.values("tokens")
    if len(seen) < FEWEST:
        return []
    found = []
    same, following = (readings.middle([row[name] for row in seen]) for name in ("same", "next"))
    if same >= SAME and following < LANGUAGE:
        found.append(
            Finding(
                NOTE,
                f"{same:.0%} of the targets are the inputs of the same step",
                "the inputs of the next step",
                "targets are not moved by one: the network learns to repeat what it is shown",
                "inputs = tokens[:, :-1] and targets = tokens[:, 1:]",
                kind="targets_not_moved",
                where="targets",
                weight=0.93,
                defect=readings.right(chart) > 0.95,
            )
        )
    ahead = chart.consultation.get("ahead", 0.0)
    if following >= LANGUAGE and ahead > AHEAD:
        found.append(
            Finding(
                NOTE,
                f"answers change by {ahead:.1g} of their spread with tokens that come later, and the next token is "
                "what is asked for",
                f"at most {AHEAD:g}",
                "the network sees the future: it reads in both directions, or attends to what comes later",
                "bidirectional=False, a causal mask, and no mean over the whole sequence",
                kind="sees_the_future",
                where="forward pass",
                weight=0.95,
                defect=True,
            )
        )
    return found
