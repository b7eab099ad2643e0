"""Did the weights start well: not all alike, not zero, with spreads that keep the signal's scale?"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "weights measured once, before the first step"

BIG, SMALL = 4.0, 0.08  # of He's deviation sqrt(2 / fan in); torch's own default is 0.41 of it
NEGATIVE_BIAS = -1.0
FAR_OFF = 2.0  # loss at the start over a blind guess

Tensors = Mapping[str, dict[str, Any]]  # name -> what is known of a parameter


def look(chart: Chart) -> list[Finding]:
    tensors = readings.matrices(chart)
    if not tensors:
        return []
    # The last layer may start at zero: the gradient still reaches it, and differs between classes.
    hidden = [n for n in list(tensors)[:-1] if tensors[n]["trained"]] if len(tensors) > 1 else []
    alike = _alike(tensors, hidden)
    if alike:
        return [alike]
    return [finding for finding in (_spread(chart, tensors, hidden), _negative_biases(chart)) if finding]


def _alike(tensors: Tensors, hidden: Sequence[str]) -> Finding | None:
    alike = [n for n in hidden if tensors[n]["rows_alike"] and tensors[n]["shape"][0] > 1]
    if not alike:
        return None
    zero = all(tensors[n]["std"] == 0 and tensors[n]["mean"] == 0 for n in alike)
    most = len(alike) > 0.5 * len(hidden)
    return Finding(
        NOTE,
        f"all units of {alike[0]} started {'at zero' if zero else 'alike'} "
        f"({len(alike)} of {len(hidden)} hidden tensors)",
        "different units",
        "units that start alike get the same gradient and stay alike: the layer counts as one unit",
        "draw the weights at random: He (ReLU) or Glorot (tanh)",
        kind="initialisation",
        where=alike[0],
        weight=0.95 if most else 0.6,
        defect=most,
    )


def _spread(chart: Chart, tensors: Tensors, hidden: Sequence[str]) -> Finding | None:
    """Weights too large or too small beside He's; or, where they are not, first answers that are far too sure."""
    he = {n: math.sqrt(2 / max(1, math.prod(tensors[n]["shape"][1:]))) for n in hidden if tensors[n]["std"] > 0}
    ratios = {n: tensors[n]["std"] / usual for n, usual in he.items()}
    start, blind = readings.average(chart.values("outputs", "cross_entropy")[:1]), readings.blind_loss(chart)
    far = start > FAR_OFF * blind
    typical = readings.middle(list(ratios.values()))
    small = typical < SMALL and not readings.are_opponents(chart)  # DCGAN's 0.02 is meant (Radford et al., 2015)
    strong = typical > BIG or small
    meant = readings.acts(chart) and typical >= SMALL  # a policy's head starts small: all actions begin as likely
    odd = {name: ratio for name, ratio in ratios.items() if ratio > 1 or not meant}
    worst = max(odd, key=lambda n: abs(math.log(odd[n])), default="")
    if worst and (strong or ratios[worst] > 3 * BIG or ratios[worst] < SMALL / 4):
        forgiven = 0.7 if chart.facts.get("norms", 0) > 0 and not far else 1.0  # normalisation brings scales back
        return Finding(
            NOTE,
            f"{worst} started with {ratios[worst]:.2g} times He's deviation (median of all layers {typical:.2g})",
            "0.3 to 2",
            f"weights start too {'large' if ratios[worst] > 1 else 'small'}",
            "He initialisation for ReLU (deviation sqrt(2 / fan in)), Glorot for tanh",
            kind="initialisation",
            where=worst,
            weight=forgiven * (0.8 if far or typical < SMALL / 2 else 0.66) if strong else 0.5,
        )
    if not (far and blind > 0):
        return None
    return Finding(
        NOTE,
        f"the first cross-entropy is {start:.3g}",
        f"about {blind:.2f}, a blind guess",
        "the first answers are far too sure: large last weights or large inputs",
        "start the last layer small",
        kind="initialisation",
        where=list(tensors)[-1],
        weight=0.4,
    )


def _negative_biases(chart: Chart) -> Finding | None:
    biases = {
        n: t["mean"]
        for n, t in chart.facts["tensors"].items()
        if len(t["shape"]) == 1 and t["mean"] < NEGATIVE_BIAS and n.endswith("bias")
    }
    if not biases:
        return None
    name = min(biases, key=biases.__getitem__)
    return Finding(
        NOTE,
        f"{name} started at {biases[name]:.2g} on average",
        "near 0",
        "negative biases switch ReLUs off from the start",
        "start biases at 0, or slightly above",
        kind="dead_units",
        where=name,
        weight=0.9 if biases[name] < 3 * NEGATIVE_BIAS else 0.55,
    )
