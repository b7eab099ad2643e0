"""Is validation done right: evaluation mode, the same preprocessing, the same labels, the model that is trained?"""

import math

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "the first batch of each validation described as it enters the network"

RATIO = 1.6  # between spreads of inputs in training and validation; augmentation changes them by less
SHIFT = 0.5  # between means, in training deviations
BELOW = 0.5  # of chance: worse than guessing needs a reason
EARLY_GAP = 0.35
MUCH_ROUGHER = 0.4


def look(chart: Chart) -> list[Finding]:
    return [*_mode(chart), *_inputs(chart), *_stale(chart), *_labels(chart)]


def _mode(chart: Chart) -> list[Finding]:
    found = []
    layered = chart.facts.get("norms", 0) or chart.facts.get("dropout", 0) > 0
    wrong, sound = chart.counts.get("evaluated_in_training_mode", 0), chart.counts.get("evaluated", 0)
    if layered and wrong > sound and wrong >= 2:
        found.append(
            Finding(
                NOTE,
                f"the network was called {wrong:.0f} times without gradients in training mode, "
                f"{sound:.0f} times in evaluation mode",
                "model.eval() for validation",
                "dropout and batch statistics are active while scoring",
                "call model.eval() before validation and model.train() after it",
                kind="evaluated_in_training_mode",
                where="model.eval()",
                weight=0.72,
                defect=True,
            )
        )
    trained = chart.counts.get("trained_in_eval_mode", 0)
    if layered and trained > 0.5 * chart.steps and chart.steps >= 10:
        found.append(
            Finding(
                NOTE,
                f"{trained:.0f} of {chart.steps} training steps were taken in evaluation mode",
                "model.train()",
                "dropout and batch statistics are switched off while training; "
                "often model.train() is missing after a validation",
                "call model.train() at the start of each epoch",
                kind="trained_in_eval_mode",
                where="model.train()",
                weight=0.85 if chart.facts.get("norms") else 0.6,
                defect=bool(chart.facts.get("norms")),
            )
        )
    return found


def _inputs(chart: Chart) -> list[Finding]:
    trained, held = chart.values("inputs"), [e["seen"]["inputs"] for e in chart.evaluations if "seen" in e]
    if (
        not trained
        or not held
        or trained[-1]["type"] != held[-1]["type"]
        or len(trained[-1]["shape"]) != len(held[-1]["shape"])
        or (trained[-1]["type"].startswith("int") and len(trained[-1]["shape"]) == 2)  # tokens have no scale
    ):
        return []
    mid = readings.middle
    std, other_std = mid([t["std"] for t in trained]), mid([h["std"] for h in held])
    mean, other_mean = mid([t["mean"] for t in trained]), mid([h["mean"] for h in held])
    ratio = max(std, other_std) / max(min(std, other_std), 1e-9)
    shift = abs(mean - other_mean) / max(std, 1e-9)
    turned = _turned(trained[-1].get("channels"), held[-1].get("channels"), std)
    rough = [
        mid([t["rough"][i] for t in trained if "rough" in t]) - mid([h["rough"][i] for h in held if "rough" in h])
        for i in (0, 1)
    ]
    scrambled = any(abs(r) > 0.4 for r in rough if not math.isnan(r))
    if rough[0] > 0.15:  # training inputs that are rougher were augmented with noise
        return _augmented(chart, rough[0])
    if ratio < RATIO and shift < SHIFT and not turned and not scrambled:
        return []
    far = ratio > 3 or shift > 1.5 or turned or scrambled
    return [
        Finding(
            NOTE,
            f"inputs have mean {mean:.3g} and deviation {std:.3g} in training, "
            f"{other_mean:.3g} and {other_std:.3g} in validation"
            + ("; the channels are in reverse order" if turned else ""),
            "the same preprocessing",
            "validation pictures are prepared in another way than training pictures",
            "use one preprocessing function, with the training part's figures, for both",
            kind="validation_inputs_differ",
            where="validation inputs (preprocessing)",
            weight=0.9 if far else 0.7,
            defect=far,
        )
    ]


def _augmented(chart: Chart, rougher: float) -> list[Finding]:
    score, trained = readings.final_score(chart), chart.consultation.get("right", math.nan)
    behind = readings.are_shares(chart) and score - trained > 0.1
    return [
        Finding(
            NOTE,
            f"neighbouring pixels differ {rougher:.2f} more in training than in validation, of 1 for unrelated pixels"
            + (
                f"; {trained:.0%} of the training examples are answered right, {score:.0%} in validation"
                if behind
                else ""
            ),
            "augmented pictures that still look like pictures",
            "augmentation buries the training pictures",
            "weaken the augmentation; look at a batch just before the network",
            kind="augmentation_too_strong",
            where="augmentation",
            weight=0.75 if rougher > MUCH_ROUGHER else 0.45,
            defect=behind and rougher > MUCH_ROUGHER,
        )
    ]


def _turned(trained: list[float] | None, held: list[float] | None, std: float) -> bool:
    if not trained or not held or len(trained) != 3 or len(held) != 3:
        return False
    straight = sum(abs(a - b) for a, b in zip(trained, held, strict=True))
    swapped = sum(abs(a - b) for a, b in zip(trained, reversed(held), strict=True))
    return straight > 0.3 * std and swapped < 0.4 * straight


def _stale(chart: Chart) -> list[Finding]:
    """Validated, but not with the watched model; or the scores never move while the training does."""
    calls = [e.get("calls", 0) for e in chart.evaluations]
    losses = readings.validation_losses(chart)
    unseen = len(calls) >= 2 and calls[-1] == 0
    frozen = (
        _moved_since(chart, chart.evaluations[0]["step"] if chart.evaluations else 0)
        and len(losses) >= 4
        and max(losses) - min(losses) <= 1e-6 * abs(losses[0])
        and readings.learned(chart) > 0.1
    )
    if not frozen and not (unseen and readings.learned(chart) > 0.2 and _poor(chart)):
        return []
    return [
        Finding(
            NOTE,
            f"the validation loss stays at {losses[0]:.4g} in {len(losses)} evaluations while training learns"
            if frozen
            else "the watched model was never called in evaluation",
            "the model that is being trained",
            "another model is validated: a copy made earlier, or weights that are never brought over",
            "validate the model that is trained (or copy its weights each time)",
            kind="stale_validation",
            where="validation (model)",
            weight=0.92,
            defect=frozen,
        )
    ]


def _moved_since(chart: Chart, step: int) -> bool:
    """Whether the weights have gone on moving by more than a validation loss could overlook."""
    ratios = [u["ratio"] for s, u in chart.having("update") if s["step"] > step]
    return readings.middle(ratios) > 1e-5


def _poor(chart: Chart) -> bool:
    return readings.are_shares(chart) and readings.final_score(chart) < readings.chance(chart) + 0.1


def _labels(chart: Chart) -> list[Finding]:
    """The network knows its training examples in evaluation mode, simple methods carry over, it fails on validation."""
    trained, best = chart.consultation.get("right"), readings.simple(chart)[0]
    score, chance = readings.final_score(chart), readings.chance(chart)
    if not readings.are_shares(chart) or trained is None or len(readings.scores(chart)) < 2:
        return []
    peak = max(readings.scores(chart))
    bad = peak < chance + 0.05 and (trained > chance + EARLY_GAP) and (math.isnan(best) or best > chance + 0.1)
    fallen = peak < best - 0.2 and trained > peak + EARLY_GAP
    if not bad and not fallen:
        return []
    below = peak < BELOW * chance
    return [
        Finding(
            NOTE,
            f"training examples are answered {trained:.0%} right in evaluation mode, validation examples {score:.0%}"
            + (f"; a simple method gets {best:.0%} of held-out training examples" if best == best else ""),
            "both, where labels mean the same",
            "validation labels (or inputs) are not those of the training part"
            + (": worse than guessing, as if renumbered" if below else ""),
            "look at validation pictures with their labels; use one class table for both parts",
            kind="validation_labels_differ",
            where="validation targets",
            weight=0.75 if bad else 0.5,
        )
    ]
