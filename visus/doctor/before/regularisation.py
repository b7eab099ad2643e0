"""Does the loss with its penalty rise when regularisation rises, and is the penalty really applied?"""

import torch

from ...engine.objective import Objective
from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ._copy import descending, patient

PROBE = 0.1  # weight decay used for the probe: strong enough to be seen in one update


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        return [_check(objective) for objective in descending(copy)]


@torch.no_grad()
def _check(objective: Objective) -> Finding:
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
        group["lr"] = objective.lr
    objective.optimizer.step()
    return bool(torch.nn.utils.get_total_norm(weights) < before)
