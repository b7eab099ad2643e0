"""Does the optimizer get the gradient that backward made: no leftovers, not lost, not clipped away?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "the gradients of three small parameters followed from backward to the optimizer at measured updates"

TIGHT = 0.01  # gradients scaled below this share of their length, typically
FEWEST = 3
NEARLY, HARD = 0.95, 0.2  # share of the updates, and of the length that is left of most gradients


def look(chart: Chart) -> list[Finding]:
    counts, found = chart.counts, []
    followed, left, lost = (counts.get(n, 0) for n in ("gradients_followed", "gradients_left_over", "gradients_lost"))
    if left >= FEWEST and left > 0.5 * followed:
        found.append(
            Finding(
                NOTE,
                f"in {left:.0f} of {followed:.0f} measured updates the gradient was the new one "
                "plus what was left from before",
                "only what backward made since the last update",
                cause="gradients are not cleared between updates, so all old ones are added up",
                remedy="call optimizer.zero_grad() before each backward()",
                kind="gradients_not_cleared",
                where="optimizer.zero_grad()",
                weight=0.96,
                defect=True,
            )
        )
    if lost >= FEWEST and lost > followed:
        found.append(
            Finding(
                NOTE,
                f"in {lost:.0f} measured updates backward made a gradient but the optimizer found none",
                "what backward made",
                cause="gradients are cleared between backward() and step()",
                remedy="call optimizer.zero_grad() before backward(), not after it",
                kind="gradients_cleared_before_step",
                where="optimizer.zero_grad()",
                weight=0.98,
                defect=True,
            )
        )
    changed = counts.get("gradients_changed", 0)
    if changed >= FEWEST and changed > 0.5 * followed:
        found.append(
            Finding(
                NOTE,
                f"in {changed:.0f} of {followed:.0f} measured updates the gradient points elsewhere "
                "than backward made it",
                "the direction that backward made",
                cause="something adds to gradients or changes them one by one: noise, clipping by value, a hook",
                remedy="look at what happens between backward() and optimizer.step()",
                kind="gradient_wrong",
                where="between backward() and optimizer.step()",
                weight=0.75,
            )
        )
    scaled = counts.get("scaled", 0)
    typical = math.exp(counts.get("scaled_sum", 0.0) / scaled) if scaled else 1.0
    if scaled >= FEWEST and typical < TIGHT and not _scaler(chart):
        adaptive = "adam" in readings.optimizer(chart).get("name", "").lower()
        found.append(
            Finding(
                NOTE,
                f"gradients reach the optimizer at {typical:.0e} of the length that backward gave them",
                f"at least {TIGHT:.0%}, typically",
                cause="gradients are clipped, or divided, to almost nothing",
                remedy="clip near the 90th percentile of the gradient norms (often 1 to 10), or not at all",
                kind="clipping_too_tight",
                where="clip_grad_norm_ (max_norm)",
                change={"max_norm": 0},
                weight=0.3 if adaptive else 0.82,
            )
        )
    return [*found, *_always(chart)]


def _always(chart: Chart) -> list[Finding]:
    """Clipped at nearly every update, and hard: then the rate is not the one that was set."""
    scaled, clipped = chart.counts.get("scaled", 0), chart.counts.get("clipped", 0)
    typical = math.exp(chart.counts.get("scaled_sum", 0.0) / scaled) if scaled else 1.0
    if scaled < 3 * FEWEST or clipped < NEARLY * scaled or not TIGHT <= typical < HARD or _scaler(chart):
        return []
    return [
        Finding(
            NOTE,
            f"gradients are clipped in {clipped:.0f} of {scaled:.0f} measured updates, to {typical:.0%} of their size",
            "now and then, against rare large ones",
            cause="clipping sets the length of every step: the learning rate is no longer what it says",
            remedy="clip near the 90th percentile of the gradient norms, or lower the learning rate instead",
            kind="clipped_always",
            where="clip_grad_norm_ (max_norm)",
            change={"max_norm": {"times": 4.0}},
            weight=0.28,
        )
    ]


def _scaler(chart: Chart) -> bool:
    """A gradient scaler divides by a power of two what it multiplied the loss with: that is no clipping."""
    factor = chart.counts.get("gradient_scale", 1.0)
    return factor > 0 and abs(math.log2(factor) - round(math.log2(factor))) < 1e-3 and factor < 1e-3
