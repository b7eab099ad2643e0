"""Do gradients reach the first layers, neither vanishing nor exploding on the way?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "gradient norms of every tensor at measured updates"

VANISHED = 1e-3  # first layer's root mean square gradient over the last layer's
TINY = 1e-7  # of any gradient at all
EXPLODED = 1e3


def look(chart: Chart) -> list[Finding]:
    rows = [row for update in chart.values("update", end=0.5) if (row := _depth(chart, update))]
    if len(rows) < 3:
        return []
    first, last = readings.middle([r[0] for r in rows]), readings.middle([r[1] for r in rows])
    name = next((r[2] for r in rows), "")
    total = readings.middle(readings.updates(chart, "gradient", 0.0, 0.5))
    found = []
    if first < VANISHED * last or total < TINY:
        found.append(
            Finding(
                NOTE,
                f"gradients at the first layer are {first / max(last, 1e-30):.0e} of those at the last",
                f"at least {VANISHED:.0e}",
                "the gradient vanishes on its way back: saturating units, small weights, "
                "or great depth without shortcuts",
                "ReLU in place of sigmoid or tanh, He initialisation, batch normalisation, residual connections",
                kind="vanishing_gradients",
                where=name,
                weight=0.72 if first < 1e-4 * last else 0.55,
            )
        )
    largest = max(readings.updates(chart, "gradient") or [0.0])
    if first > EXPLODED * max(last, 1e-12) or largest > 1e3 * max(total, 1e-3):
        found.append(
            Finding(
                NOTE,
                f"the gradient's norm reaches {largest:.1e}, its median is {total:.1e}",
                f"below {EXPLODED:.0e} times",
                "gradients explode: large weights, a long recurrence, or steps that are too large",
                "clip gradients to about the 90th percentile of their norms, lower the learning rate",
                kind="exploding_gradients",
                where="clip_grad_norm_",
                change={"max_norm": 1.0},
                weight=0.5,
            )
        )
    return found


def _depth(chart: Chart, update: dict[str, list[float]]) -> tuple[float, float, str] | None:
    """Root mean square gradient of the first and the last weight matrix in the order of definition."""
    tensors, tables = chart.facts.get("tensors", {}), readings.looked_up(chart)
    rows = []
    for name, norm in zip(update["names"], update["gradient_norms"], strict=True):
        shape = tensors.get(str(name), {}).get("shape", [])
        if len(shape) >= 2 and norm >= 0 and str(name) not in tables:
            rows.append((norm / math.sqrt(math.prod(shape)), str(name)))
    if len(rows) < 3:
        return None
    return rows[0][0], rows[-1][0], rows[0][1]
