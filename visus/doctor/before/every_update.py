"""Does every parameter receive an update?"""

import torch

from ...engine.objective import Objective
from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ._copy import descending, first_batch, patient

STEPS = 3  # a parameter behind a zero can need a step before a gradient reaches it


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy)
        names = {id(parameter): name for name, parameter in copy.named_parameters()}
        return [_check(objective, batch, names) for objective in descending(copy)]


def _check(objective: Objective, batch: tuple[torch.Tensor, ...], names: dict[int, str]) -> Finding:
    before = [parameter.detach().clone() for parameter in objective.parameters]
    for _ in range(STEPS):
        objective.improve(batch)
    still = [names[id(p)] for p, old in zip(objective.parameters, before, strict=True) if torch.equal(p, old)]
    if not still:
        return Finding(PASS, "every parameter updated", f"{len(before)} tensors")
    return Finding(
        BLOCKER,
        f"{len(still)} of {len(before)} parameter tensors did not change in {STEPS} steps: {', '.join(still[:5])}",
        "all of them",
        cause="it is not used by the loss, or not handed to the optimizer",
        remedy="remove it, freeze it on purpose (requires_grad_(False)), or connect it",
    )
