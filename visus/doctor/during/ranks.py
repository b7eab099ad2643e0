"""Do the processes of a distributed training still hold the same weights?"""

from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing by default; `doctor.compare_ranks()` sends one number per process"

APART = 1e-5


def look(chart: Chart) -> list[Finding]:
    apart = chart.counts.get("ranks_apart", 0.0)
    if apart < APART:
        return []
    return [
        Finding(
            NOTE,
            f"weights differ between processes by {apart:.1e} of their size",
            "equal",
            "the processes drift apart: gradients are not averaged",
            "call the DistributedDataParallel wrapper, not the module inside it",
            kind="ranks_drift",
            where="DistributedDataParallel",
            weight=0.9,
            defect=True,
        )
    ]
