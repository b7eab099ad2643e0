"""Does anything but the optimizer change the weights?"""

from ..chart import Chart
from ..finding import NOTE, Finding

COST = "64 weights compared at every step"

FREQUENT = 0.5  # share of the updates between which weights changed: clamping, averaging, projecting
LARGE = 0.2  # relative change at once: drawn anew, loaded, copied


def look(chart: Chart) -> list[Finding]:
    times, watched = chart.counts.get("overwritten", 0), chart.counts.get("updates_watched", 0)
    size = chart.counts.get("overwritten_by", 0.0)
    if not times or watched < 10:
        return []
    often = times / watched
    return [
        Finding(
            NOTE,
            f"weights changed {times:.0f} times between updates, by up to {size:.0%}",
            "only the optimizer changes weights",
            cause="something sets them: an initialisation, a clamp, a copy or a checkpoint inside the loop",
            remedy="move it out of the loop, or make sure that it is meant",
            kind="weights_overwritten",
            where="the loop, between two optimizer.step()",
            weight=0.85 if size > LARGE else 0.7 if often > FREQUENT and size > 1e-2 else 0.35,
        )
    ]
