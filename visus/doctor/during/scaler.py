"""Are updates skipped, as a gradient scaler does when half precision overflows?"""

from ..chart import Chart
from ..finding import NOTE, Finding

COST = "steps and updates counted"

MANY = 0.05


def look(chart: Chart) -> list[Finding]:
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
    last = [(s["step"], u["update"]) for s, u in chart.having("update") if s["step"] >= 100]
    if not last:
        return []
    # With accumulation there is one update for two steps or more: that is no skipping.
    skipped = 1 - (last[-1][1] + 1) / (last[-1][0] + 1)
    if not MANY <= skipped < 0.45:
        return []
    return [
        Finding(
            NOTE,
            f"{skipped:.0%} of the steps made no update",
            f"below {MANY:.0%}",
            "half precision overflows again and again",
            "bfloat16, a lower learning rate, or float32 for the layer that overflows",
            kind="steps_skipped",
            where="GradScaler",
            weight=0.5,
        )
    ]
