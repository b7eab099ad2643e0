"""Is the learning rate right for this network? Judged by what an update does to the loss of its own batch."""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "one pass of the batch through a copy at every second measured update"

ROSE = 1.02  # a step that makes its own batch worse by more than rounding and dropout
OFTEN = 0.3  # share of such steps in the first half; healthy runs with momentum show up to a tenth or two
TINY_STEP = 2e-3  # share of the loss that an early update takes off its own batch; usual is some percent
GREW = 3.0  # healthy weights grow by half or so, and over the whole run
FEWEST = 3  # looks at what an update did
STAYED = 0.02  # the weights' way from their start, relative to their size


def look(chart: Chart) -> list[Finding]:
    return [*_none(chart), *_high(chart), *_low(chart)]


def _none(chart: Chart) -> list[Finding]:
    rates = [max(r) for r in readings.updates(chart, "lr") if r]
    if not rates or max(rates) > 0 or len(rates) < 3:
        return []
    return [
        Finding(
            NOTE,
            "the learning rate is 0",
            "above 0",
            "no update changes anything",
            "set a learning rate",
            kind="learning_rate_too_low",
            where="lr",
            change={"lr": 0.01},
            weight=0.97,
            defect=True,
        )
    ]


def _high(chart: Chart) -> list[Finding]:
    """Steps that overshoot, a loss that rises above its start, updates as large as the weights."""
    looked = _looked(chart, 0.6)
    rose = sum(a > ROSE * b for b, a in looked) / len(looked) if len(looked) >= 3 else math.nan
    ratio = readings.middle(readings.update_ratios(chart, 0.0, 0.3))
    largest = max(readings.update_ratios(chart, 0.0, 0.5) or [0.0])
    start = chart.losses.blocks[0][2] if chart.losses.blocks else math.nan
    peak = max((b[4] for b in chart.losses.blocks), default=math.nan)
    now = readings.entropy_now(chart)
    blind = readings.blind_loss(chart)
    weight, signs = 0.0, []
    if rose >= OFTEN:
        weight = max(weight, 0.45 + 0.4 * min(1.0, (rose - OFTEN) / 0.4))
        signs.append(f"{rose:.0%} of the updates made the loss of their own batch worse")
    if start > 0 and peak > 3 * max(start, 0.1) + 1 and readings.loss_tells(chart):
        weight = max(weight, 0.6) + 0.1
        signs.append(f"the loss rose from {start:.3g} to {peak:.3g}")
    at_start = readings.entropy_now(chart, 0.0, 0.03)
    if blind > 0 and now > 1.5 * blind and now > 0.9 * at_start and readings.minimises_entropy(chart):
        weight = max(weight, 0.55) + 0.05
        signs.append(f"the {readings.measure(chart)} ends at {now:.3g}, a blind guess has {blind:.3g}")
    if ratio > 0.1 or largest > 1:
        weight = max(weight, 0.3) + 0.15
        signs.append(f"early updates are {max(ratio, largest):.0e} of the weights")
    grew = _grew(chart)
    if grew > GREW:
        weight = max(weight, 0.4) + 0.15
        signs.append(f"weights grew {grew:.1f}-fold in the first fifth of the run")
    if not signs:
        return []
    return [
        Finding(
            NOTE,
            "; ".join(signs),
            f"lr {readings.peak_lr(chart):.1e}",
            cause="the learning rate is too high for this network: steps overshoot",
            remedy="lower the learning rate three- to tenfold, warm it up, or clip gradients",
            kind="learning_rate_too_high",
            where="lr",
            change={"lr": {"times": 0.1}},
            weight=min(0.95, weight),
        )
    ]


def _grew(chart: Chart) -> float:
    """How much the norm of all weights grew early; 1 where they started so small that growing is their first task."""
    early = [w for w in readings.updates(chart, "weight", 0.0, 0.2) if w]
    ratios = readings.update_ratios(chart, 0.0, 0.2)
    if len(early) < 3 or max(ratios, default=0.0) < 0.1:
        return 1.0
    return max(early) / early[0]


def _looked(chart: Chart, end: float) -> list[tuple[float, float]]:
    """Cross-entropy of a batch before and after the update on it, where the cross-entropy is what was minimised."""
    rows = [s for s in chart.samples if s["step"] <= end * chart.steps and s.get("after")]
    return [
        (s["after"][0], s["after"][1])
        for s in rows
        if s["outputs"].get("loss_is") in readings.ENTROPIES and s["after"][0]
    ]


def _low(chart: Chart) -> list[Finding]:
    away = [a for a in readings.updates(chart, "away") if a is not None]
    ratio = readings.middle(readings.update_ratios(chart, 0.0, 0.6))
    gains = [(b - a) / b for b, a in _looked(chart, 0.5)]
    gain = readings.middle(gains) if len(gains) >= FEWEST else math.nan  # a smoothed loss is plain by chance, once
    learned = readings.learned(chart)
    if not away or not readings.settled(chart) or readings.peak_lr(chart) == 0:
        return []
    weight, signs = 0.0, []
    if away[-1] < STAYED:
        weight = 0.5 + 0.35 * min(1.0, math.log10(STAYED / max(away[-1], 1e-9)))
        signs.append(f"the weights moved {away[-1]:.1e} of their size in the whole run")
    if ratio < 1e-4:
        weight = max(weight, 0.5) + 0.1
        signs.append(f"updates are {ratio:.0e} of the weights")
    if abs(gain) < TINY_STEP and learned < 0.5:
        never = not any(a > b for b, a in _looked(chart, 0.5))
        weight = max(weight, 0.3) + (0.3 if never else 0.1)
        signs.append(f"an update takes {100 * gain:.2f} % off the loss of its own batch")
    if not signs or (learned > 0.8 and away[-1] > STAYED):
        return []
    return [
        Finding(
            NOTE,
            "; ".join(signs),
            f"lr {readings.peak_lr(chart):.1e}; usual: updates near 1e-3 of the weights",
            cause="the learning rate is too low: the weights hardly leave their start",
            remedy="raise the learning rate tenfold, and again while the loss falls faster",
            kind="learning_rate_too_low",
            where="lr",
            change={"lr": {"times": 10}},
            weight=min(0.92, weight),
        )
    ]
