"""Does the loss of the values leave the policy anything of the weights that they share?"""

from statistics import median

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments.acting import POLICY, VALUE

COST = "the gradient of each named term on 4 examples, every 64 steps, where a loss has several terms"

DROWNS = 30.0  # times the gradient of the policy
FEWEST = 3  # looks


def look(chart: Chart) -> list[Finding]:
    looks = [terms for _, terms in chart.facts.get("terms") or [] if {POLICY, VALUE} <= set(terms)]
    pairs = [(terms[VALUE][1], terms[POLICY][1]) for terms in looks if terms[POLICY][1] > 0]
    if not readings.acts(chart) or len(pairs) < FEWEST:
        return []
    times = median(value / policy for value, policy in pairs)
    what = f"values pull {times:.3g} times as hard at the shared weights as the policy"
    if times <= DROWNS:
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            what,
            f"at most {DROWNS:g} times",
            "the weights that both share only follow the values; clipped together, the policy's part is lost",
            f"weigh the values {float(f'{1 / times:.0e}'):g} times as much, scale the rewards down, or give the policy "
            "a network of its own",
            kind="policy_drowned",
            where="loss (weight of the values)",
            change={"value_weight": {"times": float(f"{1 / times:.0e}")}},
            weight=0.7,
        )
    ]
