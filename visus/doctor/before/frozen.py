"""Does what is frozen stay as it is, and can what is left to train still learn?"""

import torch
from torch import Tensor, nn

from ...engine.objective import Batch, Objective
from ...engine.schedules import constant
from ...engine.task import Task
from ..finding import PASS, WARNING, Finding
from ._copy import descending, first_batch, patient, unexamined
from ._look import WEIGHTED, LayerCall, failure, look

NORMS = (nn.modules.batchnorm._BatchNorm,)
MOVED = 1e-3  # deviations by which a frozen norm's running mean moves in one batch: above rounding
TOO_LITTLE = 0.02  # of the loss: what all planned steps can take away if each helps as much as the first
MOMENTUM = 10.0  # an update with momentum 0.9 comes to ten times the first one


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy)
        found: list[Finding] = []
        for objective in descending(copy):
            found += _examine(copy, objective, batch)
        return found


def _examine(task: Task, objective: Objective, batch: Batch) -> list[Finding]:
    kept = {name: buffer.clone() for name, buffer in task.named_buffers()}
    seen = look(task, objective, batch)
    if seen.error:
        return [unexamined(f"the loss cannot be computed: {failure(seen.error)}")]
    layers = [call for call in seen.layers if isinstance(call.module, WEIGHTED)]
    still = [call for call in layers if not _trained(call.module)]
    if not still:
        return [Finding(PASS, "nothing is frozen")]
    found = [_norms(seen.layers, kept), _head(layers), _rate(task, objective, batch)]
    problems = [finding for finding in found if finding]
    what = f"{len(still)} of {len(layers)} layers with weights are frozen, and stay as they are"
    return problems or [Finding(PASS, what)]


def _trained(module: nn.Module) -> bool:
    return any(p.requires_grad for p in module.parameters(recurse=False))


def _norms(layers: list[LayerCall], kept: dict[str, Tensor]) -> Finding | None:
    """Batch norms behind a frozen layer, with frozen weights of their own, whose statistics go on moving."""
    moved, before = {}, True
    for call in layers:
        if isinstance(call.module, WEIGHTED):
            before = _trained(call.module)
        own = isinstance(call.module, NORMS) and any(True for _ in call.module.parameters())
        if own and not before and not _trained(call.module):
            moved[call.name] = _shift(call, kept)
    moved = {name: by for name, by in moved.items() if by > MOVED}
    if not moved:
        return None
    name, most = max(moved.items(), key=lambda pair: pair[1])
    return Finding(
        WARNING,
        f"one batch moves the running statistics of {len(moved)} frozen batch norms, those of {name} by "
        f"{most:.2g} deviations",
        "frozen statistics",
        cause="frozen layers are in training mode: their norms go on following the batches",
        remedy="keep frozen batch norms in evaluation mode: override train(), or call norm.eval() after model.train()",
        kind="frozen_norm_in_training_mode",
        where=name,
        weight=0.45,
    )


def _shift(call: LayerCall, kept: dict[str, Tensor]) -> float:
    mean, variance = call.module.running_mean, kept.get(f"{call.name}.running_var")
    old = kept.get(f"{call.name}.running_mean")
    if not isinstance(mean, Tensor) or old is None or variance is None:
        return 0.0
    return float(((mean - old).abs() / (variance + 1e-5).sqrt()).mean())


def _head(layers: list[LayerCall]) -> Finding | None:
    """The last layer decides; frozen, it can only say what it said before."""
    last = layers[-1]
    if _trained(last.module) or not any(_trained(call.module) for call in layers):
        return None
    return Finding(
        WARNING,
        f"the last layer, {last.name}, is frozen while others are trained",
        "the last layer trained",
        cause="the head was frozen with the rest, or kept from another problem",
        remedy="replace it by a new layer, or set requires_grad_(True) on it",
        kind="parameters_frozen",
        where=last.name,
        weight=0.6,
    )


def _rate(task: Task, objective: Objective, batch: Batch) -> Finding | None:
    """By the first step at the highest rate: could all of them together lower the loss?"""
    if getattr(objective.optimizer, "repeats", False):
        return None  # a line search finds its own rate, and ends where the gradient is at right angles to the step
    objective.schedule = constant
    learning = list(objective.parameters)
    before = [p.detach().clone() for p in learning]
    loss = float(objective.improve(batch).loss)
    pulled = [torch.zeros_like(p) if p.grad is None else p.grad for p in learning]
    gain = -sum(float((g * (p.detach() - old)).sum()) for p, g, old in zip(learning, pulled, before, strict=True))
    most = MOMENTUM * gain * task.steps
    if not loss > 0 or most >= TOO_LITTLE * loss:
        return None
    rates = max(float(group["lr"]) for group in objective.optimizer.param_groups)
    return Finding(
        WARNING,
        f"at learning rate {rates:.2g}, {task.steps} steps can lower the loss of {loss:.3g} by {max(most, 0.0):.1g}",
        f"at least {TOO_LITTLE:.0%}",
        cause="the rate suits weights that were trained before, not the new layers that are left to train",
        remedy="raise the learning rate of what is trained",
        kind="learning_rate_too_low",
        where="lr",
        change={"lr": {"times": 100}},
        weight=0.7,
    )
