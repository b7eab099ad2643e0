"""Section B10, B11 and C3 to C19: learning rate, schedule, and what the optimizer owns."""

import copy
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import SGD, Optimizer

from ..plan import Plan, Run, nothing
from ..planting import BY_SGD, FIRST, RECURRENT, SECOND, THIRD, Change, fault

BY_ADAM = ("conv_fashion", "lstm_mnist", "mlp_digits", "gru_fashion", "patches_mnist")


@fault("B11", "learning_rate_too_high", "lr,learning rate", early=True)
def rate_1000_times(plan: Plan) -> Change:
    """A learning rate a thousand times too high."""
    return {"lr": 1000 * plan.lr}


@fault("C3", "learning_rate_too_high", "lr,learning rate", early=True)
def rate_30_times(plan: Plan) -> Change:
    """A learning rate thirty times too high."""
    return {"lr": 30 * plan.lr}


@fault("C4", "learning_rate_too_low", "lr,learning rate", recipes=(*FIRST, "resnet_cifar"), early=True)
def rate_1000th(plan: Plan) -> Change:
    """A learning rate a thousand times too low."""
    return {"lr": plan.lr / 1000}


@fault("C4", "learning_rate_too_low", "lr,learning rate", recipes=(*SECOND, "lstm_mnist", "patches_mnist"))
def rate_100th(plan: Plan) -> Change:
    """A learning rate a hundred times too low."""
    return {"lr": plan.lr / 100}


@fault("B11", "learning_rate_too_low", "lr,learning rate", recipes=THIRD, early=True)
def rate_zero(plan: Plan) -> Change:
    """The learning rate is 0: an integer division made it so."""
    return {"lr": 0.0}


@fault("C19", "schedule_ends_early", "schedule", recipes=SECOND)
def schedule_ends_early(plan: Plan) -> Change:
    """The cosine is at its end after a twentieth of the run."""
    schedule = plan.schedule
    return {"schedule": lambda share: schedule(min(1.0, 20 * share))}


@fault("C19", "schedule_ends_early", "schedule", recipes=THIRD, held_out=True)
def decay_every_step(plan: Plan) -> Change:
    """A decay meant for epochs is applied at every step: times 0.8."""
    return {"schedule": lambda share: float(0.8 ** (share * 400))}


@fault("C19", "schedule_ends_early learning_rate_too_low", "warm-up,schedule,lr", recipes=(*BY_SGD, "patches_mnist"))
def warmup_never_ends(plan: Plan) -> Change:
    """The warm-up is planned for a hundred times as many steps as there are."""
    return {"warmup": 100.0}


@fault("C3", "learning_rate_too_high schedule_ends_early", "lr,learning rate,schedule", recipes=FIRST, held_out=True)
def schedule_rises(plan: Plan) -> Change:
    """The schedule multiplies where it should divide: the learning rate ends a hundred times higher."""
    return {"schedule": lambda share: float(300**share)}


@fault("C16", "weight_decay_too_high", "weight_decay,weight decay", recipes=(*FIRST, "gru_fashion"))
def decay_drowns_data(plan: Plan) -> Change:
    """Weight decay is 0.5 (50 where it is decoupled): it outweighs the data."""
    return {"weight_decay": 50.0 if plan.optimizer.__name__ == "adamw" else 0.5}


@fault("C3", "momentum_too_high learning_rate_too_high", "momentum,lr", recipes=BY_SGD)
def momentum_0999(plan: Plan) -> Change:
    """Momentum 0.999: steps add up a thousandfold."""
    return {"momentum": 0.999}


@fault("C3", "momentum_too_high", "momentum,betas", recipes=BY_ADAM, held_out=True)
def beta1_too_high(plan: Plan) -> Change:
    """Adam's first beta is 0.9999: the direction is that of the first steps."""
    return {"betas": (0.9999, 0.999)}


@fault("C4", "epsilon_too_high", "eps", recipes=BY_ADAM)
def epsilon_one(plan: Plan) -> Change:
    """Adam's epsilon is 10: it outweighs every gradient."""
    return {"eps": 10.0}


@fault("C3", "momentum_too_high learning_rate_too_high", "beta,lr", recipes=BY_ADAM)
def beta2_tiny(plan: Plan) -> Change:
    """Adam's second beta is 0.01 and eps 0: steps have full length whatever the gradient."""
    return {"betas": (0.0, 0.01), "eps": 1e-30}


@fault("C7", "clipping_too_tight", "clip,max_norm", recipes=BY_SGD)
def clipped_to_nothing(plan: Plan) -> Change:
    """Gradients are clipped to a norm of 0.0001."""
    return {"clip": 1e-4}


@fault("B10", "parameters_not_in_optimizer parameters_not_updated", "optimizer,features", recipes=FIRST, early=True)
def features_not_in_optimizer(plan: Plan) -> Change:
    """The optimizer is given the head only."""
    return {"owned": lambda model, plan: model.head.parameters(), "pretrained": nothing}


@fault("B10", "parameters_not_in_optimizer parameters_not_updated", "optimizer", recipes=THIRD, early=True)
def only_biases_in_optimizer(plan: Plan) -> Change:
    """A filter by name is upside down: the optimizer gets the biases and no weight."""
    return {"owned": lambda model, plan: [p for p in model.parameters() if p.dim() < 2], "pretrained": nothing}


@fault(
    "B10",
    "optimizer_of_another_model parameters_not_in_optimizer parameters_not_updated",
    "optimizer",
    recipes=SECOND,
    early=True,
)
def optimizer_of_a_copy(plan: Plan) -> Change:
    """The optimizer was made for a copy of the model."""
    return {"owned": lambda model, plan: copy.deepcopy(model).parameters()}


@fault("B10", "parameters_frozen parameters_not_updated", "features,frozen,requires_grad", recipes=SECOND, early=True)
def frozen_by_mistake(plan: Plan) -> Change:
    """A line for fine-tuning was left in: the untrained features are frozen."""

    def freeze(model: Any) -> None:
        model.features.requires_grad_(False)

    return {"freeze": freeze, "pretrained": nothing}


@fault(
    "B10",
    "parameters_frozen parameters_not_updated",
    "features,head,frozen,requires_grad",
    recipes=FIRST,
    held_out=True,
)
def all_but_biases_frozen(plan: Plan) -> Change:
    """Weights are frozen, only biases learn."""

    def freeze(model: nn.Module) -> None:
        for p in model.parameters():
            p.requires_grad_(p.dim() < 2)

    return {"freeze": freeze, "pretrained": nothing}


@fault("B8", "loss_maximised", "maximize,loss,sign", recipes=THIRD, early=True, held_out=True)
def maximize_left_on(plan: Plan) -> Change:
    """maximize=True was left in the optimizer."""

    def optimizer(parameters: Iterable[Any], again: Plan) -> Optimizer:
        made = plan.optimizer(parameters, again)
        for group in made.param_groups:
            group["maximize"] = True
        return made

    return {"optimizer": optimizer}


@fault(
    "C3",
    "optimizer_restarted learning_rate_too_high",
    "optimizer,state,lr",
    recipes=(*BY_ADAM[:3], "mlp_mnist"),
    early=True,
)
def optimizer_made_anew(plan: Plan) -> Change:
    """The optimizer is made anew in every step, so its averages never fill."""

    def forget(run: Run) -> None:
        owned = run.plan.owned(run.model, run.plan)
        run.optimizer = run.plan.optimizer(owned, run.plan)

    return {"after_step": forget}


@fault("C7", "exploding_gradients learning_rate_too_high", "clip,lr", recipes=RECURRENT)
def no_clipping_by_sgd(plan: Plan) -> Change:
    """Plain steps of a rate for small nets, without clipping, on a recurrence."""

    def optimizer(parameters: Iterable[Any], plan: Plan) -> Optimizer:
        return SGD(parameters, lr=plan.lr, momentum=0.9)

    return {"optimizer": optimizer, "clip": 0.0, "lr": 3.0}
