"""Section B8 and B13: what is minimised."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ..plan import Plan, Run, cross_entropy
from ..planting import BY_SGD, FIRST, SECOND, THIRD, Change, fault


@fault("B8", "loss_maximised", "loss,sign", recipes=FIRST, early=True)
def loss_negated(plan: Plan) -> Change:
    """The loss has a minus too many."""
    return {"loss": lambda scores, targets, plan: -cross_entropy(scores, targets, plan)}


@fault("B13", "wrong_reduction learning_rate_too_high", "loss,reduction,lr", recipes=BY_SGD, early=True)
def loss_summed(plan: Plan) -> Change:
    """reduction='sum' in place of the mean."""
    return {"loss": lambda scores, targets, plan: F.cross_entropy(scores, targets, reduction="sum")}


@fault("B13", "wrong_reduction learning_rate_too_low", "loss,scale,lr", recipes=BY_SGD, early=True)
def loss_divided_twice(plan: Plan) -> Change:
    """The mean loss is divided by the number of training examples once more."""
    return {"loss": lambda scores, targets, plan: cross_entropy(scores, targets, plan) / plan.n_train}


@fault("B8", "label_smoothing_too_high", "smooth,label", recipes=SECOND)
def smoothing_extreme(plan: Plan) -> Change:
    """Label smoothing of 0.98 for 0.02: one minus the value that was meant."""
    return {"smoothing": 0.98}


@fault("B8", "wrong_loss", "loss", recipes=THIRD, early=True)
def squared_class_number(plan: Plan) -> Change:
    """Mean squared error between the expected class number and the label."""

    def loss(scores: Tensor, targets: Tensor, plan: Plan) -> Tensor:
        numbers = torch.arange(scores.shape[1]).to(scores)
        return F.mse_loss(scores.softmax(1) @ numbers, targets.to(scores))

    return {"loss": loss}


@fault("B8", "wrong_loss", "loss,log_softmax,nll", recipes=SECOND, early=True)
def nll_of_raw_scores(plan: Plan) -> Change:
    """nll_loss is given scores, not logarithms of probabilities."""
    return {"loss": lambda scores, targets, plan: F.nll_loss(scores, targets)}


@fault("A9", "class_imbalance wrong_loss", "weight,loss", recipes=FIRST)
def class_weights_upside_down(plan: Plan) -> Change:
    """Class weights leave half of the classes nearly without weight."""
    weights = torch.tensor([1.0 if k % 2 else 0.001 for k in range(len(plan.classes))])
    return {"loss": lambda scores, targets, plan: F.cross_entropy(scores, targets, weights)}


@fault("C16", "weight_decay_too_high wrong_loss", "weight_decay,penalty,regular,loss", recipes=THIRD, held_out=True)
def penalty_drowns_data(plan: Plan) -> Change:
    """The sum of all weights' magnitudes is added to the loss, times 0.1."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        outputs = run.model(inputs)
        penalty = sum(p.abs().sum() for p in run.model.parameters())
        loss = run.plan.loss(outputs, targets, run.plan) + 0.1 * penalty
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        return loss, outputs

    return {"improve": improve}


@fault("C17", "labels_unrelated wrong_loss label_noise", "target,loss,label", recipes=SECOND, held_out=True)
def compared_with_last_batch(plan: Plan) -> Change:
    """The prefetcher hands out the labels one batch late."""

    def improve(run: Run, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        late = run.memory.get("targets", targets)
        run.memory["targets"] = targets
        outputs = run.model(inputs)
        n = min(len(late), len(targets))
        loss = run.plan.loss(outputs[:n], late[:n], run.plan)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        return loss, outputs

    return {"improve": improve}


@fault("C1", "not_finite wrong_loss activation_before_loss", "loss,log,last", recipes=FIRST, early=True)
def logarithm_of_zero(plan: Plan) -> Change:
    """Chances are made by dividing ReLU'd scores by their sum; the logarithm of those that are zero is infinite."""

    def loss(scores: Tensor, targets: Tensor, plan: Plan) -> Tensor:
        positive = scores.relu()
        chances = positive / positive.sum(1, keepdim=True)
        return F.nll_loss(chances.log(), targets)

    return {"loss": loss}
