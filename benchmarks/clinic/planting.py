"""What a planted fault states about itself, and the list that the files of `faults` fill."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .plan import SETTINGS, Plan
from .recipes import RECIPES

Change = dict[str, Any]  # new values of a plan's fields

# A fault is planted in some recipes only, by turns, so that all of it can be run in an hour or two.
ALL = tuple(RECIPES)
FIRST = ("mlp_mnist", "lstm_mnist", "finetune_cifar")
SECOND = ("mlp_mnist", "resnet_cifar", "gru_fashion")
THIRD = ("conv_fashion", "mlp_digits", "patches_mnist")
BY_SGD = ("mlp_mnist", "resnet_cifar", "finetune_cifar")
WITH_NORM = ("resnet_cifar", "finetune_cifar")
RECURRENT = ("lstm_mnist", "gru_fashion")


@dataclass(frozen=True)
class Fault:
    """One mistake. change: from a healthy plan, the fields it gets wrong.

    section: of the catalogue of pathologies. kinds: causes that name the mechanism (words of visus.doctor). places:
    words of which one must stand where the doctor says what to change. seen: the mistake is in the script's own
    evaluation, so the outcome is the score it shows. treatable: a change of the script can mend it. early: visible
    from the first steps. held_out: never looked at while thresholds were chosen.
    """

    name: str
    section: str
    says: str
    kinds: frozenset[str]
    places: tuple[str, ...]
    change: Callable[[Plan], Change]
    recipes: tuple[str, ...] = ALL
    seen: bool = False
    treatable: bool = True
    early: bool = False
    held_out: bool = False

    def of_settings(self, plan: Plan) -> bool:
        """Whether only numbers of the script are wrong, not its code."""
        return set(self.change(plan)) <= SETTINGS


FAULTS: dict[str, Fault] = {}
KINDS = frozenset(  # the doctor's words for causes
    [
        "inputs_not_finite",
        "inputs_not_normalised",
        "inputs_constant",
        "inputs_ignored",
        "wrong_layout",
        "validation_inputs_differ",
        "labels_unrelated",
        "label_noise",
        "augmentation_too_strong",
        "labels_out_of_range",
        "class_missing",
        "class_imbalance",
        "validation_labels_differ",
        "unshuffled_data",
        "few_distinct_examples",
        "activation_before_loss",
        "wrong_reduction",
        "wrong_loss",
        "class_count",
        "initialisation",
        "vanishing_gradients",
        "exploding_gradients",
        "dead_units",
        "saturation",
        "missing_nonlinearity",
        "dropout_too_high",
        "norm_in_eval_mode",
        "norm_statistics",
        "evaluated_in_training_mode",
        "trained_in_eval_mode",
        "capacity_too_small",
        "batch_leak",
        "no_gradient",
        "gradient_wrong",
        "learning_rate_too_high",
        "learning_rate_too_low",
        "schedule_ends_early",
        "weight_decay_too_high",
        "gradients_not_cleared",
        "gradients_cleared_before_step",
        "parameters_not_in_optimizer",
        "parameters_not_updated",
        "optimizer_of_another_model",
        "parameters_frozen",
        "clipping_too_tight",
        "loss_maximised",
        "momentum_too_high",
        "epsilon_too_high",
        "optimizer_restarted",
        "batch_too_small",
        "batch_norm_single",
        "weights_overwritten",
        "too_short",
        "overfitting",
        "label_smoothing_too_high",
        "not_finite",
        "divergence",
        "plateau",
        "oscillation",
        "class_collapse",
        "steps_skipped",
        "stale_validation",
    ]
)


def fault(section: str, kinds: str, places: str, **more: Any) -> Callable[[Callable[[Plan], Change]], Fault]:
    """Put a function plan -> change on the list. kinds: words; places: separated by commas; its docstring says it."""

    def put(change: Callable[[Plan], Change]) -> Fault:
        name = change.__name__
        if name in FAULTS:
            raise ValueError(f"there are two faults called {name}")
        if unknown := set(kinds.split()) - KINDS:
            raise ValueError(f"{name}: {', '.join(unknown)} are no words of the doctor; see KINDS")
        where = tuple(place.strip() for place in places.split(","))
        says = " ".join((change.__doc__ or "").split())
        FAULTS[name] = Fault(name, section, says, frozenset(kinds.split()), where, change, **more)
        return FAULTS[name]

    return put
