"""How hard each named term of a loss pulls at the weights that several terms share.

Source: the gradient norms of GradNorm (Chen et al., 2018), here only looked at.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ...engine.aside import aside
from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from ...engine.task import Task
from . import acting
from .tensors import rounded

FIRST, EVERY = 8, 64  # the first look, and steps between two: each takes about the time of two steps
EXAMPLES = 4  # of the batch
MOST = 100  # looks kept


def due(step: int) -> bool:
    """Whether the terms are looked at before this step."""
    return step == FIRST or (step > 0 and step % EVERY == 0)


def look(task: Task, name: str, batch: Batch) -> dict[str, list[float]]:
    """{term: [value, norm of its gradient on the shared weights]} of the objective `name`; {} where no two share any.

    Made on a copy that shares data and optimizers: whatever a loss counts or keeps, the task stays as it was.
    """
    few = tuple(column[:EXAMPLES] for column in batch)
    known: list[Any] = [o.optimizer for o in task.objectives if isinstance(o, Objective)] + [
        getattr(task, "data", None)
    ]
    with aside(), own_randomness(0), torch.enable_grad():
        twin = copy.deepcopy(task, {id(shared): shared for shared in known} | acting.shared(task))
        for module in twin.modules():  # nobody who watches the task is told of this
            for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks):
                hooks.clear()
        objective = next(o for o in twin.objectives if isinstance(o, Objective) and o.name == name)
        with objective.precision.autocast(few[0].device.type):
            terms = objective.loss(few)
        sloped = {term: value for term, value in terms.items() if value.requires_grad}
        if len(sloped) < 2:
            return {}
        pulls = {
            term: torch.autograd.grad(value, objective.parameters, retain_graph=True, allow_unused=True)
            for term, value in sloped.items()
        }
    shared = [i for i, pulled in enumerate(zip(*pulls.values(), strict=True)) if sum(p is not None for p in pulled) > 1]
    if not shared:
        return {}
    return {
        term: [rounded(float(sloped[term].detach())), rounded(_norm([pulled[i] for i in shared]))]
        for term, pulled in pulls.items()
    }


def _norm(gradients: list[Tensor | None]) -> float:
    there = [g.float() for g in gradients if g is not None]
    return float(nn.utils.get_total_norm(there)) if there else 0.0
