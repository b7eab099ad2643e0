"""Does the network use its input, and each answer only its own?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "a few kept examples through a copy at each validation"

LEAK = 1e-2  # of the answers' spread; a sum in another order changes far less
SAME = 1e-4  # spread of the answers between examples, relative to their size


def look(chart: Chart) -> list[Finding]:
    seen = chart.consultation
    found = []
    if seen.get("leak", 0.0) > LEAK:
        found.append(
            Finding(
                NOTE,
                f"an answer changes by {seen['leak']:.1g} of the answers' spread "
                "with the other examples of its batch, in evaluation mode",
                f"at most {LEAK:.0e}",
                "a view, reshape, permute or normalisation mixes examples",
                "look for view() after permute(), a time axis taken for the batch axis, "
                "and statistics over dimension 0",
                kind="batch_leak",
                where="forward pass",
                weight=0.88,
                defect=True,
            )
        )
    across = readings.middle(readings.outputs(chart, "across", 0.3))
    size = readings.middle(readings.outputs(chart, "std", 0.3))
    stuck = across <= SAME * max(size, 1e-3) if not math.isnan(across) else False
    same = seen.get("n", 0) >= 16 and abs(seen.get("shuffled_loss", math.inf) - seen["loss"]) < 1e-4 * abs(seen["loss"])
    if (stuck or same) and chart.steps >= 20:
        found.append(
            Finding(
                NOTE,
                f"answers differ by {across:.1e} between examples"
                if stuck
                else "the loss is the same with the inputs shuffled among the examples",
                "answers that depend on the input",
                "the input does not reach the output: a dead layer, a constant, or the wrong variable",
                "follow one example through the network and see where it stops to matter",
                kind="inputs_ignored",
                where="forward pass",
                weight=0.5,
            )
        )
    return found
