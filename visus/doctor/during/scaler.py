"""Are updates skipped, as a gradient scaler does when half precision overflows?"""

from ..chart import Chart
from ..finding import NOTE, Finding

COST = "steps and updates counted"

MANY = 0.05


def look(chart: Chart) -> list[Finding]:
    made = [u["update"] for u in chart.values("update")]
    half = [h for h in chart.facts.get("half", []) if h == "float16"]
    if half and chart.steps >= 20:
        return [
            Finding(
                NOTE,
                "weights are kept in float16",
                "float32 weights, half precision inside",
                "updates below a thousandth of a weight are rounded away, gradients below 6e-8 too",
                "keep float32 weights and use torch.autocast (bfloat16, or float16 with a GradScaler)",
                kind="steps_skipped",
                where="model.half()",
                weight=0.7,
            )
        ]
    if not made or chart.steps < 100 or not chart.counts.get("gradients_not_finite"):
        return []
    skipped = chart.counts["gradients_not_finite"] / chart.steps
    if skipped < MANY:
        return []
    return [
        Finding(
            NOTE,
            f"{skipped:.0%} of the updates had gradients that are not finite",
            f"below {MANY:.0%}",
            "half precision overflows again and again",
            "bfloat16, a lower learning rate, or float32 for the layer that overflows",
            kind="steps_skipped",
            where="GradScaler",
            weight=0.5,
        )
    ]
