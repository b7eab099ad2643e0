"""Are batches large enough for what is computed over them?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "nothing: sizes are read at measured steps"

FEW = 4


def look(chart: Chart) -> list[Finding]:
    sizes = [s["shape"][0] for s in chart.values("inputs") if s["shape"]]
    if not sizes:
        return []
    size, norms = readings.middle([float(s) for s in sizes]), chart.facts.get("norms", 0)
    if norms and size <= 1:
        return [
            Finding(
                NOTE,
                "batch normalisation with batches of one",
                "16 or more",
                "the mean of one example takes the example away",
                "larger batches, or group normalisation",
                kind="batch_norm_single",
                where="batch size",
                change={"batch": 32},
                weight=0.9,
                defect=True,
            )
        ]
    if size <= FEW:
        return [
            Finding(
                NOTE,
                f"batches of {size:.0f}" + (" with batch normalisation" if norms else ""),
                "16 or more",
                "a gradient of so few examples is mostly noise" + (", and their statistics too" if norms else ""),
                "larger batches, or gradient accumulation",
                kind="batch_too_small",
                where="batch size",
                change={"batch": 32},
                weight=0.8 if size <= 2 else 0.6 if norms else 0.45,
                defect=bool(norms) and size <= 2 and _learning(chart),
            )
        ]
    return []


def _learning(chart: Chart) -> bool:
    """Whether batch norms take their statistics from the batch; frozen ones do not mind its size."""
    norms = [layer["name"] for layer in chart.facts.get("layers", []) if layer["norm"]]
    rows = [flow[name]["training"] for flow in chart.values("layers") for name in norms if name in flow]
    return sum(rows) > 0.5 * len(rows)
