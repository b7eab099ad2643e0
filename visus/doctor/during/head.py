"""Do outputs, targets and loss belong together? Told from which loss the numbers really are."""

import math
from statistics import mean, pstdev
from typing import Any

import numpy as np

from .. import readings
from ..chart import Chart
from ..finding import BLOCKER, NOTE, Finding

COST = "the usual losses computed on the outputs of a measured step"

ALWAYS = 0.9  # share of measured steps
CONSTANT = 0.03  # relative spread of a factor that is one
FEWEST = 3
EXACT = 2e-3  # smallest over largest singular value of a system that has a solution
UNEVEN = 15.0  # how differently classes may count
HEAVY = 0.3  # label smoothing above this is unusual


def look(chart: Chart) -> list[Finding]:
    seen = [o for o in chart.values("outputs") if o.get("classes")]
    inside = _inside_the_loss(chart)
    if inside or len(seen) < FEWEST:
        return inside or _sigmoid_twice(chart)
    factor = _factor(chart, seen)
    return [
        *_chances(seen),
        *_range(seen, readings.are_tokens(chart)),
        *factor,
        *(_other_loss(seen) or (not factor and _odd_loss(chart, seen)) or []),
    ]


INSIDE = {  # what a loss turns out to be -> kind, what is said, remedy
    "cross_entropy of chances": ("activation_before_loss", "the cross-entropy of a softmax of the outputs", "softmax"),
    "cross_entropy of sigmoids": ("activation_before_loss", "the cross-entropy of a sigmoid of the outputs", "sigmoid"),
    "logistic of sigmoids": ("activation_before_loss", "the logistic loss of a sigmoid of the outputs", "sigmoid"),
    "squared, of every pair": ("wrong_loss", "the squared error of every output with every target of the batch", ""),
}


def _inside_the_loss(chart: Chart) -> list[Finding]:
    """The loss is that of outputs which went through another function on the way to it."""
    names = readings.outputs(chart, "loss_is")
    for name, (kind, what, layer) in INSIDE.items():
        if len(names) >= FEWEST and names.count(name) >= ALWAYS * len(names):
            return [
                Finding(
                    NOTE,
                    f"the loss is {what}",
                    "the loss of raw outputs, each with its own target",
                    f"a {layer} before a loss that has one inside"
                    if layer
                    else "(B, 1) against (B,) is spread to (B, B)",
                    f"hand raw outputs to the loss, without {layer}" if layer else "targets.reshape(outputs.shape)",
                    kind=kind,
                    where=f"loss ({layer or 'shapes'})",
                    weight=0.97,
                    defect=True,
                )
            ]
    return []


def _sigmoid_twice(chart: Chart) -> list[Finding]:
    seen = [o for o in chart.values("outputs") if o.get("kind") == "attributes"]
    twice = [o.get("within_one") and o.get("loss_is") == "logistic" for o in seen]
    if len(seen) < FEWEST or mean(map(bool, twice)) < ALWAYS:
        return []
    return [
        Finding(
            NOTE,
            "every output handed to the logistic loss lies in 0 to 1",
            "raw scores of either sign",
            "a sigmoid before a loss that has one inside",
            "remove the last sigmoid (or use binary_cross_entropy)",
            kind="activation_before_loss",
            where="last layer (sigmoid)",
            weight=0.93,
            defect=True,
        )
    ]


def _often(seen: list[dict[str, Any]], name: str) -> bool:
    return mean(bool(o.get(name)) for o in seen) >= ALWAYS


def _chances(seen: list[dict[str, Any]]) -> list[Finding]:
    is_log = mean(o.get("loss_is") == "log of chances" for o in seen) >= ALWAYS
    if is_log:
        return []
    if _often(seen, "rows_are_chances"):
        what, cause = "the outputs handed to the loss are probabilities", "a softmax before a loss that has one inside"
        layer, weight = "softmax", 0.97
    elif _often(seen, "within_one"):
        what, cause = "every output handed to the loss lies in 0 to 1", "a sigmoid before the loss"
        layer, weight = "sigmoid", 0.92
    elif _often(seen, "never_negative"):
        zeros = mean(float(o.get("zeros") or 0) for o in seen)
        what, cause = f"no output handed to the loss is ever negative, {zeros:.0%} are 0", "a ReLU on the scores"
        layer, weight = "ReLU", 0.85 if zeros > 0.02 else 0.3
    else:
        return []
    return [
        Finding(
            NOTE,
            what,
            "raw scores of either sign",
            cause=f"{cause}: gradients shrink and the scores cannot move apart",
            remedy=f"remove the last {layer}; keep it for prediction only",
            kind="activation_before_loss",
            where=f"last layer ({layer})",
            weight=weight,
            defect=weight > 0.5,
        )
    ]


def _range(seen: list[dict[str, Any]], tokens: bool) -> list[Finding]:
    low, high = min(int(o["label_low"]) for o in seen), max(int(o["label_high"]) for o in seen)
    k = int(seen[-1]["classes"])
    if low < 0 or high >= k:
        return [
            Finding(
                BLOCKER,
                f"labels run from {low} to {high}, the network has {k} outputs",
                f"0 to {k - 1}",
                "labels and the last layer do not agree",
                "count the classes anew, or renumber the labels from 0",
                kind="labels_out_of_range",
                where="targets",
                weight=1.0,
                defect=True,
            )
        ]
    total = sum(int(o["n"]) for o in seen)
    if high < k - 1 and k > 2 and total > 20 * k and not tokens:
        width = f"{k} outputs for labels up to {high}"
        return [
            Finding(
                NOTE,
                width,
                f"{high + 1} outputs",
                "the last layer is wider than there are classes",
                f"{high + 1} outputs are enough, unless classes are missing from the training part",
                kind="class_count",
                where="last layer",
                weight=0.25,
            )
        ]
    return []


def _factor(chart: Chart, seen: list[dict[str, Any]]) -> list[Finding]:
    """A loss that is a constant times the cross-entropy, or the cross-entropy of smoothed labels."""
    rows = [
        (s["loss"], o["cross_entropy"], o["uniform"], o["n"])
        for s, o in chart.having("outputs")
        if o.get("cross_entropy") and math.isfinite(s.get("loss", math.nan)) and abs(o["cross_entropy"]) > 1e-4
    ]
    if len(rows) < FEWEST:
        return []
    if _is_nll(seen):
        return []  # the raw score with a minus sign has a finding of its own
    summed = mean(o.get("loss_is") == "cross_entropy, summed" for o in seen) >= ALWAYS
    factors = [loss / entropy for loss, entropy, _, _ in rows]
    typical = readings.middle(factors)
    steady = pstdev(factors) <= CONSTANT * abs(typical)
    if typical < 0 and mean(f < 0 for f in factors) >= ALWAYS:
        return [
            Finding(
                NOTE,
                f"the loss is {typical:.3g} times the cross-entropy",
                "1 times",
                "the sign is turned round: training makes the network worse on purpose",
                "minimise the loss itself, without the minus sign",
                kind="loss_maximised",
                where="loss",
                weight=0.99,
                defect=True,
            )
        ]
    smooth, exact = _smoothing(rows)
    if exact and HEAVY < smooth <= 1.01:
        return [
            Finding(
                NOTE,
                f"labels are smoothed by {smooth:.2f}",
                "0 to 0.2",
                "the labels say almost nothing any more",
                "lower label smoothing to 0.1",
                kind="label_smoothing_too_high",
                where="label_smoothing",
                change={"smoothing": 0.1},
                weight=0.8,
                defect=smooth > 2 * HEAVY,
            )
        ]
    if summed or (steady and typical > 4):
        return [
            Finding(
                NOTE,
                f"the loss is {typical:.3g} times the mean cross-entropy (batch of {rows[-1][3]})",
                "the mean",
                "the loss is summed over the batch, or multiplied: the learning rate is so many times larger",
                "take the mean over the batch (reduction='mean'), or divide the learning rate by the factor",
                kind="wrong_reduction",
                where="loss (reduction)",
                change={"lr": {"times": 1 / max(typical, 1)}},
                weight=0.8,
            )
        ]
    if steady and typical < 0.25:
        adaptive = "adam" in readings.optimizer(chart).get("name", "").lower()
        return [
            Finding(
                NOTE,
                f"the loss is {typical:.3g} times the mean cross-entropy",
                "the mean",
                "the loss is divided once too often: the learning rate is so many times smaller",
                "do not scale the loss, or raise the learning rate by the factor",
                kind="wrong_reduction",
                where="loss (scale)",
                change={"lr": {"times": 1 / max(typical, 1e-6)}},
                weight=0.3 if adaptive else 0.85,
            )
        ]
    return []


def _odd_loss(chart: Chart, seen: list[dict[str, Any]]) -> list[Finding]:
    """None of the usual losses, nor a multiple of one: class weights, mixed labels, or a mistake."""
    if mean(o.get("loss_is") == "unknown" for o in seen) < ALWAYS:
        return []
    weighted = _class_weights(chart)
    if weighted:
        return weighted
    start, now = readings.entropy_now(chart, 0.0, 0.05), readings.entropy_now(chart, 0.5)
    loss_fell = chart.losses.mean(0.5, 1) < 0.9 * chart.losses.mean(0, 0.05)
    against = loss_fell and now > 1.1 * start
    return [
        Finding(
            NOTE,
            "the loss is none of the usual ones of these outputs and targets"
            + (f"; it falls while the cross-entropy rises from {start:.2f} to {now:.2f}" if against else ""),
            "cross-entropy, hinge, logistic or squared error",
            "what is minimised is not what is wanted" if against else "class weights, mixed labels, or an unmeant term",
            "compute the plain cross-entropy of outputs and targets beside it",
            kind="wrong_loss",
            where="loss",
            weight=0.85 if against else 0.3,
        )
    ]


def _class_weights(chart: Chart) -> list[Finding]:
    """Class weights, if such explain the loss of every step: then loss * sum(n w) = sum(entropy w) has a solution w."""
    rows = [
        [s["loss"] * n - e for n, e in zip(o["labels"], o["entropy_by_class"], strict=True)]
        for s, o in chart.having("outputs")
        if "entropy_by_class" in o and math.isfinite(s.get("loss", math.nan))
    ]
    labels = readings.counts(chart, "labels")
    if not labels or len(rows) < len(labels) + 5 or any(not math.isfinite(x) for row in rows for x in row):
        return []
    table = np.asarray(rows)
    singular, vectors = np.linalg.svd(table / np.abs(table).max(), full_matrices=False)[1:]
    weights = vectors[-1] * np.sign(vectors[-1].sum())
    if singular[-1] > EXACT * singular[0] or weights.min() < -0.02 * weights.max():
        return []
    share = np.asarray(labels) / sum(labels)
    force = np.maximum(weights, 0) * share  # what a class counts for: its weight times how often it comes
    least, most = int(force.argmin()), int(force.argmax())
    ratio = force[most] / max(force[least], 1e-9)
    if ratio < UNEVEN:
        return []
    relative = weights / weights.max()
    return [
        Finding(
            NOTE,
            f"the loss weighs class {least} with {relative[least]:.2g} and class {most} with {relative[most]:.2g}, "
            f"though they are {share[least]:.0%} and {share[most]:.0%} of the examples",
            "weights that make up for the frequencies, or none",
            "class weights make some classes count for almost nothing: zero, or turned upside down",
            "weight=None, or weights proportional to one over the class frequency",
            kind="class_imbalance",
            where="loss (class weights)",
            weight=0.9,
        )
    ]


def _is_nll(seen: list[dict[str, Any]]) -> bool:
    """Judged by the first steps: such a loss soon runs away."""
    return mean(o.get("loss_is") == "nll" for o in seen[:8]) >= ALWAYS


def _smoothing(rows: list[tuple[float, float, float, int]]) -> tuple[float, bool]:
    """The share e in loss = (1 - e) entropy + e uniform that fits best, and whether that explains the loss."""
    extra, room = zip(*((loss - entropy, uniform - entropy) for loss, entropy, uniform, _ in rows), strict=True)
    squares = sum(x * x for x in room)
    if squares < 1e-6 * len(rows):
        return 0.0, False
    share = sum(x * y for x, y in zip(extra, room, strict=True)) / squares
    left = sum((y - share * x) ** 2 for x, y in zip(room, extra, strict=True))
    rounding = sum((1e-3 * row[0]) ** 2 for row in rows)  # a chart keeps four digits
    return share, left < 0.01 * sum(y * y for y in extra) + rounding


def _other_loss(seen: list[dict[str, Any]]) -> list[Finding]:
    # Once answers are sure, the expected number is the winner's.
    names = [str(o.get("loss_is")).replace("expected", "winner's") for o in seen]
    name = max(names, key=names.count)
    share = mean(other == name for other in names)
    if _is_nll(seen):
        name, share = "nll", 1.0
    if share < ALWAYS or name not in ("squared", "squared, of chances", "nll", "squared, of the winner's number"):
        return []
    weight = {"nll": 0.93, "squared, of the winner's number": 0.98}.get(name, 0.4)
    what = "the negative raw score, without a logarithm of probabilities" if name == "nll" else f"the {name} error"
    return [
        Finding(
            NOTE,
            f"the loss is {what}",
            "cross-entropy, for one class of several",
            "this loss does not measure how well classes are told apart",
            "use cross_entropy on raw scores" + (" (nll_loss wants log_softmax)" if name == "nll" else ""),
            kind="wrong_loss",
            where="loss",
            weight=weight,
            defect=weight > 0.9,
        )
    ]
