"""Does the training wait for its data?"""

from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "two clock readings a step"

MUCH = 0.4  # of the time


def look(chart: Chart) -> list[Finding]:
    waited, seconds = chart.counts.get("waited_s", 0.0), [s["seconds"] for s in chart.samples if "seconds" in s]
    if chart.steps < 50 or not seconds or seconds[-1] < 5:
        return []
    share = waited / seconds[-1]
    what = f"{share:.0%} of the time is spent between two steps"
    if share < MUCH:
        return [Finding(PASS, what, f"below {MUCH:.0%}")]
    return [
        Finding(
            NOTE,
            what,
            f"below {MUCH:.0%}",
            "the training waits for its data",
            "more workers, decoded or smaller pictures in memory",
            kind="loader_bound",
            where="data loader (workers)",
            weight=0.0,
        )
    ]
