"""Are actions weighed against each other: do advantages differ, about 0, at a scale of about 1?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "mean and deviation of the advantages of a batch, at measured steps"

FEWEST = 4  # looks
FLAT = 1e-6
OFF_CENTRE = 3.0  # deviations: nearly all are of one sign
WIDE = 30.0  # of the deviation: the rate is then another one than was set


def look(chart: Chart) -> list[Finding]:
    looks = [f for _, f in readings.lessons(chart, "advantage_mean", "advantage_spread")]
    if len(looks) < FEWEST:
        return []
    mean = readings.middle([f["advantage_mean"] for f in looks])
    spread = readings.middle([f["advantage_spread"] for f in looks])
    what = f"advantages have mean {mean:.3g} and deviation {spread:.3g}"
    if spread <= FLAT * max(1.0, abs(mean)):
        return [_flat(what)]
    if abs(mean) > OFF_CENTRE * spread:
        return [_scaled(what, "they are nearly all of one sign: every action that was taken becomes likelier", 0.5)]
    if spread > WIDE:
        return [_scaled(what, "rewards are far from 1, and steps of the policy with them", 0.5)]
    return [Finding(PASS, what)]


def _flat(what: str) -> Finding:
    return Finding(
        NOTE,
        what,
        "some above others",
        "no action is held to be better than another: the policy learns nothing",
        "look at rewards and values: the return from each step on, less what was expected",
        kind="advantages_constant",
        where="advantages",
        weight=0.85,
        defect=True,
    )


def _scaled(what: str, cause: str, weight: float) -> Finding:
    return Finding(
        NOTE,
        what,
        "about 0 and 1",
        cause,
        "subtract a baseline, and divide advantages by their deviation in each batch",
        kind="advantages_not_normalised",
        where="advantages",
        change={"normalise": True},
        weight=weight,
    )
