"""Can this network tell the classes apart at all: wide enough, non-linear, with some of the signal left?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing: read from shapes and training figures"

LOPSIDED = 0.35  # lowest over highest value; of a sum of many things it is near 1
NARROW = 3  # units of the narrowest hidden layer, against classes


def look(chart: Chart) -> list[Finding]:
    tensors = readings.matrices(chart)
    found = []
    k = readings.classes(chart)
    hidden = list(tensors)[:-1]
    # A recurrent layer has three or four rows for each unit; its weights from unit to unit have one column for each.
    units = {n: tensors[n]["shape"][1 if "weight_hh" in n else 0] for n in hidden if "weight_ih" not in n}
    narrow = {n: width for n, width in units.items() if width <= min(NARROW, max(1, k // 2))}
    if readings.are_tokens(chart):  # the one unit that scores how well a place fits, in attention
        narrow = {n: width for n, width in narrow.items() if width > 1}
    narrow = {n: width for n, width in narrow.items() if n not in chart.facts.get("beside", [])}
    if narrow and k > 2:
        name = min(narrow, key=lambda n: narrow[n])
        found.append(
            Finding(
                NOTE,
                f"{name} has {narrow[name]} unit{'s' * (narrow[name] != 1)} for {k} classes",
                f"at least {k}",
                "a bottleneck that lets too little through",
                "widen this layer",
                kind="capacity_too_small",
                where=name,
                weight=0.8 if narrow[name] == 1 else 0.6,
            )
        )
    layers = [layer for layer in chart.facts.get("layers", []) if not layer["norm"]]
    flows = [list(flow.values())[1:] for flow in chart.values("layers", begin=0.05) if len(flow) > 2]
    linear = (
        len(layers) >= 3
        and not chart.facts.get("nonlinear")
        and len(flows) >= 3
        and not any(_bent(figures) for flow in flows for figures in flow)
    )
    if linear:
        found.append(
            Finding(
                NOTE,
                f"{len(layers)} layers and no non-linear function between them was seen",
                "one after each hidden layer",
                "layers without a non-linearity are one linear layer together",
                "put a ReLU after each hidden layer",
                kind="missing_nonlinearity",
                where="between the layers",
                weight=0.87,
                defect=True,
            )
        )
    return [*found, *_underfits(chart)]


def _bent(figures: dict[str, float]) -> bool:
    """Whether what enters a layer looks as if it came through a non-linear function: cut off, lopsided or bounded."""
    low, high = figures["in_low"], figures["in_high"]
    if not math.isfinite(low) or not math.isfinite(high):
        return False
    bounded = 0.9 < high <= 1.0001 and low >= -1.0001
    return bounded or abs(low) < LOPSIDED * high or figures["in_zeros"] > 0.02 or figures["in_flat"] > 0.02


def _underfits(chart: Chart) -> list[Finding]:
    """Training and validation alike, both poor, and no longer improving."""
    score, best, trained = readings.final_score(chart), readings.simple(chart)[0], readings.right(chart)
    late, middle = readings.entropy_now(chart, 0.8), readings.entropy_now(chart, 0.5, 0.8)
    if math.isnan(trained) or math.isnan(late) or not readings.settled(chart):
        return []
    flat = late > 0.97 * middle
    poor = trained < 0.9 and late > 0.3 * readings.blind_loss(chart)
    if (
        not (flat and poor)
        or (readings.are_shares(chart) and score < trained - 0.1)
        or not (math.isnan(best) or trained < best)
    ):
        return []
    return [
        Finding(
            NOTE,
            f"training stands still at {trained:.0%} right, cross-entropy {late:.2f}",
            "below what simple methods reach" if best == best else "",
            "the network underfits: too small, too strongly regularised, or its steps are wrong",
            "a larger network, less regularisation, another learning rate",
            kind="plateau",
            where="model size",
            weight=0.25,
        )
    ]
