"""Does memory grow without end?"""

from itertools import pairwise

from ..chart import Chart
from ..finding import NOTE, Finding

COST = "one number read from the system at a measured step"

GROWTH_MIB, SHARE = 200.0, 0.3  # over the second half of the run


def look(chart: Chart) -> list[Finding]:
    rows = [(s["step"], s["memory"]) for s in chart.samples if s.get("memory") and s["step"] > 0.4 * chart.steps]
    if len(rows) < 8 or chart.steps < 200:
        return []
    first, last = rows[0][1], rows[-1][1]
    rising = sum(b >= a for (_, a), (_, b) in pairwise(rows)) > 0.9 * (len(rows) - 1)
    if not rising or last - first < max(GROWTH_MIB, SHARE * first):
        return []
    return [
        Finding(
            NOTE,
            f"memory grew from {first:.0f} to {last:.0f} MiB in the second half of the run",
            "steady",
            "something is kept of every step: losses with their graphs, growing lists",
            "keep loss.item() or loss.detach(), not the loss",
            kind="memory_creep",
            where="the loop",
            weight=0.1,
        )
    ]
