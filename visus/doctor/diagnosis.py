"""One diagnosis out of many symptoms: is the outcome hurt, and what explains it best?

An unusual figure inside a network that learns well is a note. It becomes a cause only when the outcome is hurt, or
when it is a mistake in itself, such as a softmax before a cross-entropy.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from types import ModuleType
from typing import Any

from ..engine import catalogue
from . import during, outcome
from .chart import Chart
from .finding import BLOCKER, NOTE, WARNING, Finding
from .outcome import HURT, Outcome

LIKELY = 0.55  # weight a cause must have where the outcome is only somewhat below others
AT_THE_END = ("too_short", "overfitting")  # can only be told of a run that is over
ENOUGH = 0.25  # weight below which a symptom explains nothing
DEFECT = 0.6  # weight from which a mistake in itself is an alarm
SYMPTOMS = (
    "plateau",
    "class_collapse",
    "background_only",
    "inputs_ignored",
    "vanishing_gradients",
    "exploding_gradients",
)
CLEAR = 0.25  # by how much a cause must outweigh a symptom to leave it among the notes

# What a cause brings about by itself: the consequence is told, but not ranked above its cause.
EXPLAINS: dict[str, tuple[str, ...]] = {
    "inputs_not_finite": ("not_finite", "learning_rate_too_high", "*"),
    "inputs_constant": ("*",),
    "labels_out_of_range": ("*",),
    "optimizer_of_another_model": ("*",),
    "parameters_not_updated": ("*",),
    "gradients_cleared_before_step": ("*",),
    "loss_maximised": ("*",),
    "gradients_not_cleared": (
        "learning_rate_too_high",
        "momentum_too_high",
        "exploding_gradients",
        "dead_units",
        "saturation",
        "norm_statistics",
        "overfitting",
    ),
    "wrong_reduction": (
        "learning_rate_too_high",
        "learning_rate_too_low",
        "exploding_gradients",
        "dead_units",
        "clipping_too_tight",
    ),
    "momentum_too_high": ("learning_rate_too_high", "exploding_gradients", "dead_units", "saturation"),
    "learning_rate_too_high": (
        "exploding_gradients",
        "dead_units",
        "saturation",
        "not_finite",
        "norm_statistics",
        "vanishing_gradients",
        "overfitting",
        "no_gradient",
    ),
    "inputs_not_normalised": (
        "learning_rate_too_high",
        "learning_rate_too_low",
        "dead_units",
        "saturation",
        "exploding_gradients",
        "initialisation",
        "norm_statistics",
    ),
    "initialisation": (
        "dead_units",
        "saturation",
        "vanishing_gradients",
        "exploding_gradients",
        "learning_rate_too_low",
        "inputs_ignored",
        "no_gradient",
        "learning_rate_too_high",
    ),
    "missing_nonlinearity": ("learning_rate_too_high", "exploding_gradients", "not_finite"),
    "wrong_loss": (
        "learning_rate_too_high",
        "learning_rate_too_low",
        "dead_units",
        "vanishing_gradients",
        "exploding_gradients",
    ),
    "activation_before_loss": ("vanishing_gradients", "learning_rate_too_low", "no_gradient", "dead_units", "plateau"),
    "epsilon_too_high": ("learning_rate_too_low",),
    "clipping_too_tight": ("learning_rate_too_low",),
    "schedule_ends_early": ("learning_rate_too_low", "too_short"),
    "parameters_frozen": ("no_gradient", "learning_rate_too_low"),
    "augmentation_too_strong": ("label_noise", "validation_inputs_differ", "wrong_layout"),
    "parameters_not_in_optimizer": ("learning_rate_too_low",),
    "evaluated_in_training_mode": ("norm_statistics",),
    "batch_norm_single": ("batch_too_small", "norm_statistics"),
    "batch_too_small": ("norm_statistics", "learning_rate_too_high"),
    "trained_in_eval_mode": ("norm_in_eval_mode", "norm_statistics"),
    "validation_inputs_differ": ("validation_labels_differ", "label_noise", "overfitting", "labels_unrelated"),
    "stale_validation": ("validation_labels_differ", "overfitting"),
    "norm_statistics": ("validation_labels_differ", "overfitting", "label_noise"),
    "dead_units": (
        "weight_decay_too_high",
        "inputs_ignored",
        "no_gradient",
        "vanishing_gradients",
        "learning_rate_too_low",
    ),
    "vanishing_gradients": ("learning_rate_too_low", "inputs_ignored"),
    "saturation": ("vanishing_gradients", "learning_rate_too_low"),
    "weight_decay_too_high": (
        "vanishing_gradients",
        "inputs_ignored",
        "learning_rate_too_low",
        "dead_units",
        "no_gradient",
    ),
    "unshuffled_data": ("class_imbalance", "class_missing", "learning_rate_too_high", "class_count"),
    "few_distinct_examples": ("overfitting", "validation_labels_differ"),
    "wrong_layout": ("labels_unrelated",),
    "forgetting": (
        "learning_rate_too_high",
        "dead_units",
        "saturation",
        "norm_statistics",
        "exploding_gradients",
        "oscillation",
        "overfitting",
    ),
    "depth_without_shortcuts": ("vanishing_gradients", "plateau", "too_short", "learning_rate_too_low"),
    "attribute_never_named": ("class_imbalance",),
    "catastrophic_overfitting": ("overfitting",),
    "weights_overwritten": ("learning_rate_too_low", "learning_rate_too_high", "oscillation"),
    "optimizer_restarted": ("learning_rate_too_low",),
    "exploding_through_time": (
        "exploding_gradients",
        "learning_rate_too_high",
        "not_finite",
        "oscillation",
        "batch_leak",
    ),
    "vanishing_through_time": ("vanishing_gradients", "learning_rate_too_low", "inputs_ignored", "plateau"),
    "padding_in_loss": ("ends_too_early", "vocabulary_holes", "class_collapse"),
    "vocabulary_holes": ("repeated_tokens", "class_collapse", "plateau"),
    "state_leaks": ("overfitting",),
    "targets_not_moved": ("overfitting", "exposure_bias", "repeated_tokens"),
    "sees_the_future": ("exposure_bias", "repeated_tokens", "overfitting", "batch_leak"),
    "exposure_bias": ("repeated_tokens", "never_ends", "ends_too_early"),
    "classes_shifted": ("class_imbalance", "class_collapse"),
    "likelihood_misscaled": (
        "kl_vanished",
        "latents_ignored",
        "posterior_collapse",
        "terms_unbalanced",
        "mode_collapse",
    ),
    "kl_vanished": ("posterior_collapse", "mode_collapse", "samples_are_copies"),
    "latents_ignored": ("posterior_collapse", "mode_collapse", "samples_are_copies"),
    "generator_starves": ("mode_collapse", "critic_too_strong", "vanishing_gradients"),
    "critic_too_strong": ("mode_collapse", "vanishing_gradients"),
    "sampler_too_cold": ("mode_collapse", "samples_are_copies"),
    "sampler_disagrees": ("mode_collapse",),
    "samples_are_copies": ("overfitting",),
    "no_reward_met": (
        "advantages_constant",
        "values_explain_nothing",
        "entropy_collapse",
        "learning_rate_too_low",
        "dead_units",
    ),
    "advantages_constant": ("values_explain_nothing", "learning_rate_too_low", "no_gradient", "dead_units"),
    "target_never_synced": ("values_overestimated", "learning_rate_too_low", "learning_rate_too_high"),
    "target_is_online": ("values_overestimated",),
    "time_limit_as_end": ("values_overestimated", "values_explain_nothing"),
    "policy_steps_too_large": ("entropy_collapse", "values_explain_nothing"),
    "policy_drowned": ("clipping_too_tight", "learning_rate_too_low"),
    "terms_unbalanced": ("background_only", "learning_rate_too_low", "learning_rate_too_high"),
}
OPPOSITES = (("learning_rate_too_high", "learning_rate_too_low"),)
EXPLAINED = 0.45  # what remains of a symptom's weight when a stronger cause brings it about


@dataclass(frozen=True)
class Diagnosis:
    """What a run suffers from. alarm: its outcome is hurt, or a mistake was found.

    causes: ranked, most likely first. notes: unusual figures that explain nothing. unexamined: what could not be
    looked at, and why. first_alarm: the step at which the alarm was raised while the run went on. settings: current
    values of what the remedies change. curves: the loss, for a figure.
    """

    alarm: bool
    outcome: Outcome
    causes: list[Finding]
    notes: list[Finding]
    unexamined: list[str]
    steps: int
    first_alarm: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    curves: dict[str, list[list[float]]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, default=str)

    def __str__(self) -> str:
        from ._text import text

        return text(self)

    def _repr_html_(self) -> str:
        from ._page import page

        return page(self)


@cache
def watchers() -> dict[str, ModuleType]:
    """Every watcher by its name. Listing a folder takes time, and a live run is judged often."""
    return {name: catalogue.find(during, name) for name in catalogue.names(during)}


def findings(chart: Chart) -> list[tuple[str, Finding]]:
    """(watcher, finding) of every watcher; one that stumbles over an odd chart is written down, not raised."""
    found = []
    for name, watcher in watchers().items():
        try:
            found += [(name, finding) for finding in watcher.look(chart)]
        except Exception as error:  # a diagnosis must come out, whatever one watcher meets
            chart.cannot(f"the question of '{name}'", f"{type(error).__name__}: {error}")
    return found


def diagnose(chart: Chart, final: bool = True) -> Diagnosis:
    """The outcome, the causes that explain it, and what is only worth a note."""
    turned_out = outcome.judge(chart, final)
    suspects = [f for _, f in findings(chart) if not f.healthy and (final or f.kind not in AT_THE_END)]
    ranked = rank(suspects)
    hurt = turned_out.state == HURT
    # Below a simple method, but nothing found that explains it: said, not cried. Longer training is the usual answer.
    if hurt and turned_out.mild and not any(f.weight >= LIKELY for f in ranked):
        hurt = False
    causes = [
        replace(f, severity=BLOCKER if f.severity == BLOCKER else WARNING)
        for f in ranked
        if ((hurt and f.weight >= ENOUGH) or (f.defect and f.weight >= DEFECT)) and not _only_follows(f, ranked[0])
    ]
    notes = [
        replace(f, severity=NOTE) for f in ranked if not any(f.kind == c.kind and f.what == c.what for c in causes)
    ]
    if hurt and not causes:
        causes = [_unknown(turned_out)]
    return Diagnosis(
        bool(causes),
        turned_out,
        causes,
        notes,
        list(chart.unexamined),
        chart.steps,
        chart.first_alarm,
        _settings(chart),
        {
            "loss": chart.losses.curve,
            "validation": [[e["step"], e["loss"]] for e in chart.evaluations if e.get("loss") is not None],
        },
    )


def rank(suspects: Sequence[Finding]) -> list[Finding]:
    """Most likely cause first. One kind is named once; what a stronger cause explains steps back behind it."""
    best: dict[str, Finding] = {}
    for f in sorted(suspects, key=lambda f: -f.weight):
        if f.kind not in best:
            best[f.kind] = f
        else:  # a second sign of the same cause makes it likelier
            first = best[f.kind]
            both = min(0.99, first.weight + 0.25 * f.weight * (1 - first.weight))
            best[f.kind] = replace(first, weight=both, what=f"{first.what}; {f.what}")
    for kind, opposite in OPPOSITES:
        if kind in best and opposite in best:
            del best[min((kind, opposite), key=lambda k: best[k].weight)]
    weights = {}
    for kind, f in best.items():
        explained = any(
            (kind in EXPLAINS.get(other.kind, ()) or "*" in EXPLAINS.get(other.kind, ()))
            and other.kind != kind
            and other.weight >= max(0.5, f.weight - 0.25)
            and not (kind in EXPLAINS and other.kind in EXPLAINS[kind] and f.weight > other.weight)
            for other in best.values()
        )
        weights[kind] = f.weight * (EXPLAINED if explained else 1.0)
    return sorted((replace(f, weight=weights[k]) for k, f in best.items()), key=lambda f: (-f.weight, f.kind))


def _only_follows(finding: Finding, first: Finding) -> bool:
    """Whether this is what a clear first cause looks like from elsewhere."""
    return finding.kind in SYMPTOMS and finding is not first and finding.weight < first.weight - CLEAR


def _unknown(turned_out: Outcome) -> Finding:
    return Finding(
        WARNING,
        "; ".join(turned_out.reasons),
        "",
        "the cause is not known: nothing measured is unusual",
        "overfit twenty examples, look at inputs and labels just before the network, "
        "and try ten times lower and higher rates",
        kind="plateau",
        weight=0.1,
    )


def _settings(chart: Chart) -> dict[str, Any]:
    rates = [max(s["update"]["lr"]) for s in chart.samples if s.get("update", {}).get("lr")]
    first = (chart.facts.get("optimizers") or [{}])[0]
    found = {name: first[name] for name in ("weight_decay", "momentum", "eps") if name in first}
    return ({"lr": max(rates)} if rates else {}) | found
