"""Do the doctor's remedies mend the run? Short paired trials of what it proposes, then one full run of the best.

Nobody tells the treatment which fault was planted. A proposed change of settings is made as it is stated; where only
code can help, the named cause points at a family of decisions in the script, and those are taken back to what a sound
script does. A fault that lies elsewhere stays.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .cases import HEALTHY, Case
from .faults import FAULTS
from .harm import Harm
from .loop import train
from .plan import Plan
from .recipes import RECIPES
from .store import Record

CAUSES, TRIAL, BETTER, RESTORED = 3, 0.4, 0.02, 0.8  # trials run for 0.4 of the steps; scores are shares
REPEATS = 3  # "ten times lower, and again": a factor is tried up to its third power

SETTINGS = {
    "max_norm": "clip",
    **{n: n for n in ("lr", "weight_decay", "momentum", "eps", "batch", "epochs", "smoothing", "dropout")},
}
DECISIONS: Mapping[str, tuple[str, ...]] = {
    "inputs_not_finite": ("prepare", "training_set"),
    "inputs_not_normalised": ("prepare", "prepare_validation"),
    "inputs_constant": ("prepare", "training_set", "wire"),
    "inputs_ignored": ("prepare", "training_set", "wire"),
    "wrong_layout": ("prepare", "rows_first"),
    "validation_inputs_differ": ("prepare", "prepare_validation", "augment"),
    "labels_unrelated": ("training_set", "validation_set", "improve"),
    "label_noise": ("training_set", "augment"),
    "augmentation_too_strong": ("augment",),
    "class_missing": ("training_set",),
    "class_imbalance": ("training_set", "loss"),
    "validation_labels_differ": ("training_set", "validation_set"),
    "unshuffled_data": ("order",),
    "few_distinct_examples": ("order",),
    "activation_before_loss": ("final", "loss"),
    "wrong_reduction": ("loss", "improve"),
    "wrong_loss": ("loss", "improve"),
    "initialisation": ("start", "pretrained"),
    "vanishing_gradients": ("activation", "start"),
    "exploding_gradients": ("start",),
    "dead_units": ("activation", "start"),
    "saturation": ("activation", "start"),
    "missing_nonlinearity": ("activation",),
    "dropout_too_high": ("dropout", "final"),
    "norm_in_eval_mode": ("mode", "start"),
    "trained_in_eval_mode": ("mode", "start"),
    "norm_statistics": ("norm_momentum", "after_step"),
    "evaluated_in_training_mode": ("validation_mode", "after_step"),
    "capacity_too_small": ("width", "wire"),
    "batch_leak": ("wire", "rows_first", "carries_state"),
    "no_gradient": ("wire", "freeze"),
    "gradient_wrong": ("wire", "improve"),
    "schedule_ends_early": ("schedule", "warmup"),
    "gradients_not_cleared": ("improve",),
    "gradients_cleared_before_step": ("improve",),
    "parameters_not_in_optimizer": ("owned",),
    "parameters_not_updated": ("owned", "freeze", "improve"),
    "optimizer_of_another_model": ("owned",),
    "parameters_frozen": ("freeze",),
    "loss_maximised": ("loss", "optimizer"),
    "momentum_too_high": ("betas",),
    "epsilon_too_high": ("eps",),
    "optimizer_restarted": ("after_step",),
    "weights_overwritten": ("after_step",),
    "steps_skipped": ("improve", "wire", "prepare", "optimizer"),
    "not_finite": ("loss", "wire", "prepare", "optimizer"),
    "stale_validation": ("validated", "after_step"),
}  # fmt: skip


def cases(harm: Mapping[tuple[str, str], Harm], alarmed: Collection[str]) -> list[Case]:
    """Harmful faults that can be treated, the first seed of each. alarmed: keys of the cases with an alarm."""
    found = [
        Case(recipe, name, 0)
        for (recipe, name), h in harm.items()
        if h.harmful and FAULTS[name].treatable and f"{recipe}/{name}/0" in alarmed
    ]
    return sorted(found, key=lambda case: case.key)


def work(case: Case, causes: list[Mapping[str, Any]]) -> Record:
    """causes: of the diagnosis, ranked; the first CAUSES are tried. Trials are scored on the validation part."""
    sound, plan = RECIPES[case.recipe](), case.plan
    faulty = train(plan, case.seed, seen=case.seen).truth
    healthy = train(Case(case.recipe, HEALTHY, case.seed).plan, case.seed).truth
    as_it_is = _score(plan, case)
    tried: dict[str, float] = {}
    best, best_score = None, as_it_is + BETTER
    for name, treated in treatments(plan, sound, causes[:CAUSES]):
        tried[name] = _score(treated, case)
        if tried[name] > best_score:
            best, best_score = (name, treated), tried[name]
    after = train(best[1], case.seed, seen=case.seen).truth if best else faulty
    regained = (after - faulty) / (healthy - faulty) if healthy > faulty else 1.0
    return {
        "key": case.key, "as_it_is": as_it_is, "tried": tried, "kept": best[0] if best else "",
        "faulty": faulty, "healthy": healthy, "after": after, "regained": regained, "restored": regained >= RESTORED,
    }  # fmt: skip


def treatments(plan: Plan, sound: Plan, causes: Iterable[Mapping[str, Any]]) -> list[tuple[str, Plan]]:
    """(what is done, plan) for each proposal, in the order of the causes; those that change nothing are left out."""
    found = []
    for cause in causes:
        kind = cause["kind"]
        for power in range(1, REPEATS + 1):
            changed = {
                SETTINGS[n]: _changed(getattr(plan, SETTINGS[n]), v, power)
                for n, v in cause["change"].items()
                if n in SETTINGS
            }
            found.append((f"{kind}: {_said(changed)}", replace(plan, **changed)))
            if not any(isinstance(value, Mapping) for value in cause["change"].values()):
                break
        undone = {name: getattr(sound, name) for name in DECISIONS.get(kind, ())}
        found.append((f"{kind}: {', '.join(undone)} as usual", replace(plan, **undone)))
    names = set()
    return [(n, p) for n, p in found if p != plan and not (n in names or names.add(n))]  # type: ignore[func-returns-value]


def _changed(value: Any, change: Any, power: int) -> Any:
    new = value * change["times"] ** power if isinstance(change, Mapping) else change
    return max(1, round(new)) if isinstance(value, int) else float(new)


def _said(changed: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in changed.items())


def _score(plan: Plan, case: Case) -> float:
    """Mean of the last two validation scores of a short run."""
    scores = train(replace(plan, limit=TRIAL * plan.limit), case.seed, seen=case.seen).scores
    return sum(scores[-2:]) / max(1, len(scores[-2:]))
