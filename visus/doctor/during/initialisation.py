"""Did the weights start well: not all alike, not zero, with spreads that keep the signal's scale?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "weights measured once, before the first step"

BIG, SMALL = 4.0, 0.08  # of He's deviation sqrt(2 / fan in); torch's own default is 0.41 of it
NEGATIVE_BIAS = -1.0
FAR_OFF = 2.0  # loss at the start over a blind guess


def look(chart: Chart) -> list[Finding]:
    tensors = readings.matrices(chart)
    if not tensors:
        return []
    found = []
    # The last layer may start at zero: the gradient still reaches it, and differs between classes.
    hidden = [n for n in list(tensors)[:-1] if tensors[n]["trained"]] if len(tensors) > 1 else []
    alike = [n for n in hidden if tensors[n]["rows_alike"] and tensors[n]["shape"][0] > 1]
    if alike:
        zero = all(tensors[n]["std"] == 0 and tensors[n]["mean"] == 0 for n in alike)
        found.append(
            Finding(
                NOTE,
                f"all units of {alike[0]} started {'at zero' if zero else 'alike'} "
                f"({len(alike)} of {len(hidden)} hidden tensors)",
                "different units",
                "units that start alike get the same gradient and stay alike: the layer counts as one unit",
                "draw the weights at random: He (ReLU) or Glorot (tanh)",
                kind="initialisation",
                where=alike[0],
                weight=0.95 if len(alike) > 0.5 * len(hidden) else 0.6,
                defect=len(alike) > 0.5 * len(hidden),
            )
        )
        return found
    ratios = {
        n: t["std"] / math.sqrt(2 / max(1, math.prod(t["shape"][1:])))
        for n, t in tensors.items()
        if n in hidden and t["std"] > 0
    }
    start = readings.average(chart.values("outputs", "cross_entropy")[:1])
    blind = readings.blind_loss(chart)
    typical = readings.middle(list(ratios.values()))
    worst = max(ratios, key=lambda n: abs(math.log(ratios[n])), default="")
    if worst and (typical > BIG or typical < SMALL or ratios[worst] > 3 * BIG or ratios[worst] < SMALL / 4):
        far = start > FAR_OFF * blind
        strong = typical > BIG or typical < SMALL
        normed = chart.facts.get("norms", 0) > 0
        found.append(
            Finding(
                NOTE,
                f"{worst} started with {ratios[worst]:.2g} times He's deviation (median of all layers {typical:.2g})",
                "0.3 to 2",
                f"weights start too {'large' if ratios[worst] > 1 else 'small'}",
                "He initialisation for ReLU (deviation sqrt(2 / fan in)), Glorot for tanh",
                kind="initialisation",
                where=worst,
                weight=(0.8 if far or typical < SMALL / 2 else 0.66) * (0.7 if normed and not far else 1.0)
                if strong
                else 0.5,
            )
        )
    elif start > FAR_OFF * blind and blind > 0:
        found.append(
            Finding(
                NOTE,
                f"the first cross-entropy is {start:.3g}",
                f"about {blind:.2f}, a blind guess",
                "the first answers are far too sure: large last weights or large inputs",
                "start the last layer small",
                kind="initialisation",
                where=list(tensors)[-1],
                weight=0.4,
            )
        )
    biases = {
        n: t
        for n, t in chart.facts["tensors"].items()
        if len(t["shape"]) == 1 and t["mean"] < NEGATIVE_BIAS and n.endswith("bias")
    }
    if biases:
        name = min(biases, key=lambda n: biases[n]["mean"])
        found.append(
            Finding(
                NOTE,
                f"{name} started at {biases[name]['mean']:.2g} on average",
                "near 0",
                "negative biases switch ReLUs off from the start",
                "start biases at 0, or slightly above",
                kind="dead_units",
                where=name,
                weight=0.9 if biases[name]["mean"] < 3 * NEGATIVE_BIAS else 0.55,
            )
        )
    return found
