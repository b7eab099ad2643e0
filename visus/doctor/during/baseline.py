"""Do the values that returns are compared with explain any of them?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "nothing: the explained variance is a score of the task"

FEWEST = 6  # evaluations
NOTHING = 0.02


def look(chart: Chart) -> list[Finding]:
    told = [share for _, share in readings.told(chart, "explained_variance")]
    if not told:
        return []
    late = readings.middle(told[len(told) // 2 :])
    what = f"values explain {late:.2g} of the variance of returns, in the second half"
    solved = readings.acts(chart).get("solved")
    if solved is not None and readings.average(readings.scores(chart)[-2:]) >= solved:
        return [Finding(PASS, f"{what}: where all earn the same, there is nothing to explain")]
    if len(told) < FEWEST or late > NOTHING:
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            what,
            f"above {NOTHING:g}, and rising to 0.5 and more",
            "the value network knows nothing of the returns: as a baseline it only adds noise",
            "a higher rate or more passes for the values, rewards of about 1, or a network of their own",
            kind="values_explain_nothing",
            where="value network",
            weight=0.6,
        )
    ]
