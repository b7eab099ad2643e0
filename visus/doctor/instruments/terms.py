"""How hard each named term of a loss pulls at the weights that several terms share.

Source: the gradient norms of GradNorm (Chen et al., 2018), here only looked at.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ...engine.aside import aside
from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from .tensors import rounded

FIRST, EVERY = 8, 64  # the first look, and steps between two: each takes about the time of two steps
EXAMPLES = 4  # of the batch
MOST = 100  # looks kept


def due(step: int) -> bool:
    """Whether the terms are looked at before this step."""
    return step == FIRST or (step > 0 and step % EVERY == 0)


def look(task: nn.Module, objective: Objective, batch: Batch) -> dict[str, list[float]]:
    """{term: [value, norm of its gradient on the shared weights]}; {} where no two terms share any.

    Gradients, buffers, modes and random state of the task stay as they are.
    """
    few = tuple(column[:EXAMPLES] for column in batch)
    with (
        aside(),
        own_randomness(0),
        _buffers(task),
        objective.precision.autocast(few[0].device.type),
        torch.enable_grad(),
    ):
        terms = objective.loss(few)
        sloped = {name: term for name, term in terms.items() if term.requires_grad}
        if len(sloped) < 2:
            return {}
        pulls = {
            name: torch.autograd.grad(term, objective.parameters, retain_graph=True, allow_unused=True)
            for name, term in sloped.items()
        }
    shared = [i for i, pulled in enumerate(zip(*pulls.values(), strict=True)) if sum(p is not None for p in pulled) > 1]
    if not shared:
        return {}
    return {
        name: [rounded(float(sloped[name].detach())), rounded(_norm([pulled[i] for i in shared]))]
        for name, pulled in pulls.items()
    }


def _norm(gradients: list[Tensor | None]) -> float:
    there = [g.float() for g in gradients if g is not None]
    return float(nn.utils.get_total_norm(there)) if there else 0.0


@contextmanager
def _buffers(task: nn.Module) -> Iterator[None]:
    """Afterwards every buffer, such as the statistics of a batch norm, is what it was."""
    kept: list[tuple[Any, Tensor]] = [(buffer, buffer.detach().clone()) for buffer in task.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in kept:
                buffer.copy_(value)
