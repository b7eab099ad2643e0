"""Is a time limit told apart from an end: is what would have gone on still worth something?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the targets of a batch computed once more, at measured steps"

FEWEST = 3  # rows that a limit cut
ALL = 0.95  # of them
FEW = 0.5  # of the others may have nothing beyond them, too


def look(chart: Chart) -> list[Finding]:
    looks = [found for _, found in readings.lessons(chart, "cut", "cut_as_end", "on", "on_as_end")]
    cut, as_end, on, on_as_end = (sum(f[n] for f in looks) for n in ("cut", "cut_as_end", "on", "on_as_end"))
    if cut < FEWEST:
        return []
    what = f"{as_end:.0f} of {cut:.0f} steps that a time limit cut are learned as if nothing lay beyond them"
    if as_end < ALL * cut or on_as_end > FEW * on:
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            f"{what}, and {on_as_end:.0f} of {on:.0f} others",
            "the value of what was reached, at all of them",
            "a time limit is taken for an end: a state that is as good as any is held to be worthless when time is up",
            "bootstrap from the value of the last observation where an episode was cut (truncated), and only where it "
            "ended (terminated) from 0",
            kind="time_limit_as_end",
            where="targets (ended or cut)",
            weight=0.8,
            defect=True,
        )
    ]
