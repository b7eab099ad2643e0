"""Are the pictures that are made new, or copies of training pictures?"""

from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the nearest of some thousand training pictures to 64 samples and 256 new pictures, at an evaluation"

SHARE = 0.15  # of the samples, beyond the share of new pictures that are copies themselves


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("copied") is not None]
    if not seen:
        return []
    last = seen[-1]
    copied, usual = last["copied"], last["copied_usual"]
    what = f"{copied:.0%} of the samples are a training picture, and {usual:.0%} of the pictures held out"
    if copied <= usual + SHARE:
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            what,
            f"at most {usual + SHARE:.0%}",
            "the model has learned its training pictures by heart, and hands them out again",
            "take the weights of an earlier evaluation, a smaller network, more dropout or augmentation, more "
            "pictures; until then do not give samples away as new",
            kind="samples_are_copies",
            where="model (size), data (how many)",
            weight=0.85,
            defect=True,
        )
    ]
