"""Does regularisation drown the data?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "weight penalty against data gradient at measured updates"

SHARE = 0.25  # the penalty's gradient over the data's
HEAVY_DROPOUT = 0.75
HEAVY_DECAY = 0.02  # of the weights a step takes away by decay alone: lr * weight_decay


def look(chart: Chart) -> list[Finding]:
    found, settings = [], readings.optimizer(chart)
    decay, share = (
        settings.get("weight_decay", 0.0) or 0.0,
        _share(chart),
    )
    decoupled = "AdamW" in settings.get("name", "")
    per_step = decay * readings.peak_lr(chart)
    heavy = per_step > HEAVY_DECAY / 10 if decoupled else share > SHARE
    if decay and heavy:
        shrunk = _shrunk(chart)
        found.append(
            Finding(
                NOTE,
                f"the weight penalty pulls {share:.2g} times as strongly as the data (weight decay {decay:g}); "
                f"weights are {shrunk:.2g} of their start",
                f"below {SHARE:g}",
                "regularisation drowns the data: weights are pulled to zero",
                "lower weight decay ten- to hundredfold",
                kind="weight_decay_too_high",
                where="weight_decay",
                change={"weight_decay": {"times": 0.01}},
                # Weights before a batch norm may shrink without harm.
                weight=0.87 if shrunk < 0.7 and decay > 0.01 else 0.35 if chart.facts.get("norms") else 0.6,
            )
        )
    dropout = chart.facts.get("dropout", 0.0)
    if dropout >= HEAVY_DROPOUT:
        name = max(chart.facts["dropouts"], key=lambda n: chart.facts["dropouts"][n])
        found.append(
            Finding(
                NOTE,
                f"dropout drops {dropout:.0%} in {name}",
                "10 to 50 %",
                "almost nothing is left to learn from",
                "lower dropout to 0.5 or less",
                kind="dropout_too_high",
                where=name,
                change={"dropout": 0.5},
                weight=0.5 + 0.4 * (dropout - HEAVY_DROPOUT) / (1 - HEAVY_DROPOUT) + (0.05 if dropout >= 0.9 else 0),
            )
        )
    elif dropout:
        last = list(chart.facts.get("dropouts", {}))[-1:]
        found += _on_scores(chart, last)
    return found


def _share(chart: Chart) -> float:
    """Typical share over the run, or in its first third if that is larger: weights that have shrunk pull less."""
    return max((readings.middle(readings.updates(chart, "decay_share", 0.0, end)) for end in (0.3, 1.0)), default=0.0)


def _shrunk(chart: Chart) -> float:
    weights = [w for w in readings.updates(chart, "weight") if w]
    return weights[-1] / max(weights[0], 1e-12) if weights else 1.0


def _on_scores(chart: Chart, last: list[str]) -> list[Finding]:
    """Dropout on the answers themselves: many exact zeros among the scores."""
    zeros = readings.middle(readings.outputs(chart, "zeros"))
    negative = any(o.get("low", 0) < 0 for o in chart.values("outputs"))
    if not zeros > 0.05 or not negative or not last:
        return []
    return [
        Finding(
            NOTE,
            f"{zeros:.0%} of the scores are exactly 0",
            "none",
            "dropout after the last layer drops answers",
            "no dropout after the last layer",
            kind="dropout_too_high",
            where=last[0],
            weight=0.7,
        )
    ]
