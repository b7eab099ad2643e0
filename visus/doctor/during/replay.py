"""Does the memory hold enough episodes to learn from more than the last few?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "nothing: two numbers that the memory knows"

EPISODES = 3.0  # of the length that episodes have had; what is drawn from fewer is one stretch of play again and again
SMALL = 0.2  # of the steps of the whole run: a memory that holds most of what there is, is no small one


def look(chart: Chart) -> list[Finding]:
    looks = readings.lessons(chart, "capacity")
    steps = [played for _, played in readings.told(chart, "env_steps")]
    lengths = [length for _, length in readings.told(chart, "recent_length")]
    if not looks or not steps or not lengths:
        return []
    capacity, length = looks[-1][1]["capacity"], max(lengths)
    planned = steps[-1] / max(readings.share_done(chart), 1e-9) if readings.share_done(chart) else steps[-1]
    what = f"the memory holds {capacity:.0f} steps: {capacity / length:.2g} episodes of {length:.0f} steps"
    if capacity >= EPISODES * length or capacity >= SMALL * planned:
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            f"{what}, of {planned:.0f} steps in the run",
            f"at least {EPISODES:g} episodes",
            "the memory is too small: what is drawn from it are steps of one stretch of play, and what was learned "
            "elsewhere is forgotten",
            f"a memory of {_suggested(length, planned):.0f} steps or more",
            kind="replay_too_small",
            where="memory",
            change={"memory": _suggested(length, planned)},
            weight=0.7,
        )
    ]


def _suggested(length: float, planned: float) -> int:
    return int(min(planned, max(10_000.0, 20 * length)))
