"""Are both terms of an evidence bound in nats of a picture?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the loss of up to 256 pictures, at an evaluation"

OFF = 2.5  # times too small: latents or values that are averaged and not summed make more than that
LARGE = 10.0  # times too large; free nats raise the divergence, and only that
POWER = 0.6  # of D values: a mean over them is D times too small, and the best model no D**0.6 times


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("scale_reconstruction") is not None]
    if not seen:
        return []
    late = seen[-3:]
    values, known = late[-1]["values"], late[-1]["scale_levels"] == 2
    least = 1 / OFF if known else values**-POWER
    reconstruction = readings.middle([e["scale_reconstruction"] for e in late])
    divergence = readings.middle([e["scale_kl"] for e in late if e.get("scale_kl") is not None])
    wrong = [_misscaled("reconstruction", reconstruction, values)] if not least < reconstruction < LARGE else []
    if divergence < 1 / OFF or divergence > LARGE:
        wrong.append(_misscaled("kl", divergence, values))
    kl = "" if math.isnan(divergence) else f" and kl {divergence:.3g}"
    what = f"reconstruction is {reconstruction:.3g}{kl} of what it is in nats of a picture"
    return wrong or [Finding(PASS, what)]


def _misscaled(term: str, scale: float, values: float) -> Finding:
    small = scale < 1
    over = "the values of a picture" if term == "reconstruction" else "latents"
    return Finding(
        NOTE,
        f"the term '{term}' is {scale:.2g} of what it is in nats of a picture"
        + (f", about 1 / {1 / scale:.0f}" if 0 < scale < 1 else ""),
        "1",
        f"a mean over {over} stands beside a sum: the other term weighs {1 / max(scale, 1e-9):.0f} times as much as in "
        "the bound"
        if small
        else "a sum over the pictures of a batch stands beside a mean over them, or a weight is applied twice",
        f"sum over {over}, mean over pictures" + (f" ({values:.0f} values)" if term == "reconstruction" else "")
        if small
        else "mean over pictures in both terms, and the weight once",
        kind="likelihood_misscaled",
        where=f"loss ({term})",
        weight=0.9,
        defect=True,
    )
