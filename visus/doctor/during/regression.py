"""Does a regression say more than the mean of its targets?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "spread of answers and their correlation with targets at measured steps"

SPREAD = 0.1  # of the targets' deviation
FOLLOWS = 0.2  # correlation of answers with targets
FEWEST = 4  # measured steps


def look(chart: Chart) -> list[Finding]:
    late = [o for o in chart.values("outputs", begin=0.7) if o.get("kind") == "values" and "follows" in o]
    if len(late) < FEWEST or not readings.settled(chart):
        return []
    blind = readings.average([o["blind"] for o in late]) ** 0.5
    spread = readings.average([o["across"] for o in late])
    follows = readings.average([o["follows"] for o in late])
    # Answers in other units than the targets have a spread of their own; then only what they follow tells.
    rescaled = any(o.get("rescaled") for o in late)
    if not blind > 0 or follows >= FOLLOWS or (spread >= SPREAD * blind and not rescaled):
        return []
    return [
        Finding(
            NOTE,
            f"answers deviate by {spread:.2g} and targets by {blind:.2g}; their correlation is {follows:.2f}",
            f"above {FOLLOWS}",
            cause="the network answers with the mean of the targets whatever it sees",
            remedy="standardise the targets, raise the learning rate; then look whether the inputs tell anything "
            "about them",
            kind="predicts_the_mean",
            where="answers",
            weight=0.5,
        )
    ]
