"""What a script's own loop does with gradients, modes and optimizers, by what was heard of its first steps."""

from collections.abc import Mapping

from torch import nn

from ..finding import BLOCKER, PASS, WARNING, Finding
from .listener import Seen, Step

CHANGING = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)


def examine(seen: Seen, names: Mapping[int, str]) -> list[Finding]:
    """One finding for each mistake, or one that says how many steps were in order."""
    found = [*_gradients(seen), *_modes(seen, names), *_strangers(seen, names), *_rates(seen, names)]
    n = len(seen.steps)
    return found or [Finding(PASS, f"{n} steps: gradients cleared, computed, used; networks in training mode")]


def _gradients(seen: Seen) -> list[Finding]:
    kept = [step for step in seen.steps if step.not_cleared]
    gone = [step for step in seen.steps if step.cleared_before]
    found = []
    if kept and len(kept) >= len(seen.steps) - 1:
        found.append(
            Finding(
                BLOCKER,
                "the gradients of the last step are still there when the next ones are added",
                "gradients of one step",
                cause="zero_grad() is not called, or on another optimizer",
                remedy="call optimizer.zero_grad() before backward()",
                kind="gradients_not_cleared",
                where="optimizer",
                weight=0.9,
                defect=True,
            )
        )
    if gone:
        found.append(
            Finding(
                BLOCKER,
                "an optimizer steps although all its gradients are zero or gone",
                "gradients from backward()",
                cause="zero_grad() stands between backward() and step(), or the loss does not reach these weights",
                remedy="call zero_grad() before backward(), not after it",
                kind="gradients_cleared_before_step",
                where="optimizer",
                weight=0.9,
                defect=True,
            )
        )
    return found


def _modes(seen: Seen, names: Mapping[int, str]) -> list[Finding]:
    for step in seen.steps:
        for op in [op for tape in step.tapes for op in tape.ops.values()]:
            changing = isinstance(op.call, nn.Module) and any(isinstance(m, CHANGING) for m in op.call.modules())
            if changing and not op.training:
                return [_evaluating(names.get(id(op.call), "the network"))]
    return []


def _evaluating(name: str) -> Finding:
    return Finding(
        WARNING,
        f"{name} is in evaluation mode while it is trained",
        "training mode",
        cause="eval() was called, and train() was not called again",
        remedy=f"call {name}.train() before the training loop of every epoch",
        kind="trained_in_eval_mode",
        where=name,
        weight=0.5,
        defect=True,
    )


def _strangers(seen: Seen, names: Mapping[int, str]) -> list[Finding]:
    """Optimizers none of whose tensors the loss depends on."""
    found = []
    for step in {id(step.optimizer): step for step in seen.steps if step.tapes}.values():
        used = {id(p) for tape in step.tapes for network in tape.networks for p in network.parameters()}
        used |= {id(weight) for tape in step.tapes for weight in tape.weights}
        held = [p for group in step.optimizer.param_groups for p in group["params"]]
        if held and not any(id(p) in used for p in held):
            found.append(
                Finding(
                    BLOCKER,
                    f"no tensor of {_name(step, names)} takes part in the loss",
                    "the parameters of the network that is called",
                    cause="the model was replaced, copied or moved after the optimizer was made",
                    remedy="make the optimizer after the model has its final form",
                    kind="optimizer_of_another_model",
                    where="optimizer",
                    weight=1.0,
                    defect=True,
                )
            )
    return found


def _rates(seen: Seen, names: Mapping[int, str]) -> list[Finding]:
    optimizers = {id(step.optimizer): step for step in seen.steps}
    for step in optimizers.values():
        negative = [group["lr"] for group in step.optimizer.param_groups if group.get("lr", 1.0) < 0]
        if negative or any(group.get("maximize") for group in step.optimizer.param_groups):
            return [
                Finding(BLOCKER, f"{_name(step, names)} climbs: it maximises the loss", "a descent",
                        "maximize=True or a negative learning rate", "remove it, unless the loss is a reward",
                        kind="loss_maximised", where="optimizer", weight=1.0, defect=True)
            ]  # fmt: skip
    return []


def _name(step: Step, names: Mapping[int, str]) -> str:
    return names.get(id(step.optimizer), type(step.optimizer).__name__)
