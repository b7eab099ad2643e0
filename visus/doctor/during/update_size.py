"""Are updates of a usual size, relative to the weights?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "a few thousand weights compared before and after a measured update"

# About 1e-3 is usual; a decade or more either side is worth a note, not an alarm: good runs have been seen there.
LOW, HIGH = 1e-5, 1e-1


def look(chart: Chart) -> list[Finding]:
    # Late in a schedule updates are meant to be tiny, in a warm-up they are not there yet.
    ratio = readings.middle(readings.update_ratios(chart, 0.05, 0.5) or readings.update_ratios(chart))
    if not ratio >= 0:
        return []
    what, against = f"updates are {ratio:.0e} of the weights", f"usual {LOW:.0e} to {HIGH:.0e}"
    if LOW <= ratio <= HIGH:
        return [Finding(PASS, what, against)]
    high = ratio > HIGH
    return [
        Finding(
            NOTE,
            what,
            against,
            f"the learning rate may be too {'high' if high else 'low'}",
            f"{'lower' if high else 'raise'} the learning rate",
            kind="learning_rate_too_high" if high else "learning_rate_too_low",
            where="lr",
            change={"lr": {"times": 0.1 if high else 10}},
            weight=0.45 if high else 0.5,
        )
    ]
