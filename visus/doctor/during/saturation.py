"""Are sigmoids or tanhs stuck in their flat parts?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "the share of flat answers entering each layer at a measured step"

MUCH = 0.5


def look(chart: Chart) -> list[Finding]:
    if readings.are_opponents(chart):
        return []  # pictures come from a tanh, and their black and white are its ends
    rows = chart.values("layers", begin=0.1)
    flat: dict[str, list[float]] = {}
    for flows in rows:
        for name, figures in list(flows.items())[1:]:  # what enters the first layer is the input
            if figures["in_zeros"] < 0.2:  # zeros are a ReLU's, and not flat ends
                flat.setdefault(name, []).append(figures["in_flat"])
    typical = {name: readings.middle(values) for name, values in flat.items() if len(values) >= 3}
    bad = {name: share for name, share in typical.items() if share >= MUCH}
    if not bad:
        return []
    name, share = max(bad.items(), key=lambda item: item[1])
    return [
        Finding(
            NOTE,
            f"{share:.0%} of what enters {name} lies in the flat part of a sigmoid or tanh",
            f"below {MUCH:.0%}",
            "saturated units pass almost no gradient: weights or inputs are too large",
            "smaller initial weights, normalised inputs, batch normalisation, or ReLU",
            kind="saturation",
            where=name,
            weight=0.6 + 0.25 * (share > 0.8),
        )
    ]
