"""Does the target network follow the network that learns, at a distance?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the distance between two networks, at measured steps"

HALF = 0.5  # of the planned steps, within which it must have followed once
STEPS = 150  # of a run of unknown length
FEWEST = 6  # looks
LONG = 1000  # steps; in fewer a target may well be meant to stand still
MOVED = 1e-3  # of its size, by which the network has left a target that stands still


def look(chart: Chart) -> list[Finding]:
    looks = readings.lessons(chart, "target_apart", "target_mark")
    late = readings.share_done(chart) >= HALF if chart.facts.get("planned_steps") else chart.steps >= STEPS
    if len(looks) < FEWEST or not late:
        return []
    apart = [found["target_apart"] for step, found in looks if step > 0]
    marks = {found["target_mark"] for _, found in looks}
    what = f"the target network lies {apart[-1]:.2g} of its size from the network that learns"
    if len(marks) == 1 and apart[-1] > MOVED:
        return [_never(what, chart.steps)]
    if len(marks) > 1 and not any(apart):
        return [_always()]
    return [Finding(PASS, what)]


def _never(what: str, steps: int) -> Finding:
    return Finding(
        NOTE,
        f"{what}, and is after {steps} steps what it was at the first",
        "a copy every so many steps, or a slow average",
        "the target network was never brought up to date: values are learned from the guesses of random weights",
        "copy the weights every so many updates, more often than the run is long; see that they are copied into the "
        "network that makes the targets",
        kind="target_never_synced",
        where="target network",
        weight=0.9,
        defect=steps >= LONG,
    )


def _always() -> Finding:
    return Finding(
        NOTE,
        "the target network is the network that learns, at every step",
        "a copy that stands still for a while",
        "each update moves its own target: values chase themselves, and may run away",
        "copy the weights every so many updates only (Mnih et al., 2015), or follow slowly (0.005 of the way)",
        kind="target_is_online",
        where="target network",
        weight=0.35,
    )
