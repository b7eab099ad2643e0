"""Does the loss with its penalty rise when regularisation rises, and is the penalty really applied?"""

import torch

from ...engine.objective import Objective
from ...engine.precision import FLOAT32
from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ._copy import descending, patient, unexamined

PROBE = 0.1  # weight decay used for the probe: strong enough to be seen in one update
RATE = 1e-7  # a step far shorter than any weight: Adam, whose steps have the length of its rate, must not overshoot


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        copy.run_at(FLOAT32)
        copy.double()  # the probe's step is below the resolution of float32
        return [_check(objective) for objective in descending(copy)]


@torch.no_grad()
def _check(objective: Objective) -> Finding:
    if not any("weight_decay" in group for group in objective.optimizer.param_groups):
        return unexamined(f"{type(objective.optimizer).__name__} has no weight decay")
    if getattr(objective.optimizer, "repeats", False):
        return unexamined("a line search takes the penalty with the loss; its gradient is examined by `gradient`")
    if not any(p.ndim >= 2 for p in objective.parameters):
        return unexamined("no weights to shrink: only biases and scales are trained")
    for parameter in objective.parameters:
        if parameter.ndim >= 2 and not parameter.any():
            parameter.fill_(PROBE)  # weights that start at zero have nothing to lose; these are a copy's
    strengths = (0.0, PROBE, 10 * PROBE)
    penalties = [_penalty_at(objective, strength) for strength in strengths]
    shrinks = _shrinks(objective)
    what = f"penalty rises {penalties[0]:.3g}, {penalties[1]:.3g}, {penalties[2]:.3g} with weight decay 0, 0.1, 1"
    if penalties[0] < penalties[1] < penalties[2] and shrinks:
        return Finding(PASS, "loss rises with regularisation", what)
    return Finding(
        BLOCKER,
        what if shrinks else "an update without data does not shrink the weights, though weight decay is on",
        "it must rise, and shrink the weights",
        cause="weight decay does not reach the optimizer",
        remedy="give the optimizer the parameter groups it is handed, with their weight decay",
        where="optimizer",
    )


def _penalty_at(objective: Objective, strength: float) -> float:
    for group in objective.optimizer.param_groups:
        group["weight_decay"] = strength if any(p.ndim >= 2 for p in group["params"]) else 0.0
    return float(objective.penalty())


def _shrinks(objective: Objective) -> bool:
    """One update with no gradient from the data, weight decay on: do the weights get smaller?"""
    weights = [p for p in objective.parameters if p.ndim >= 2]
    before = torch.nn.utils.get_total_norm(weights)
    for parameter in objective.parameters:
        parameter.grad = torch.zeros_like(parameter)
    _penalty_at(objective, PROBE)
    for group in objective.optimizer.param_groups:
        group["lr"] = RATE
    objective.optimizer.step()
    return bool(torch.nn.utils.get_total_norm(weights) < before)
