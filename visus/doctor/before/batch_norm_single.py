"""Does a batch norm ever see a batch of one, where there is nothing to take statistics over?"""

import torch
from torch import nn

from ...engine.objective import Batch, Objective
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ._copy import descending, patient
from ._look import failure

BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        return [_examine(copy, objective) for objective in descending(copy)]


def _examine(task: Task, objective: Objective) -> Finding:
    norms = [name for name, m in task.named_modules() if isinstance(m, BATCH_NORMS) and m.training]
    if not norms:
        return Finding(PASS, "no batch norm in training mode")
    first = next(iter(task.batches()))
    last = next(iter(task.batches(max(0, task.steps_per_epoch - 1))), first)
    regular, rest = _smallest_piece(first, objective), _smallest_piece(last, objective)
    what = f"{len(norms)} batch norms see {regular} examples at a time, {rest} at the end of an epoch"
    if min(regular, rest) > 1:
        return Finding(PASS, what)
    error = _try(task, objective, tuple(column[:1] for column in first))
    remedy = "leave out the last batch (drop_last=True) or merge it" if regular > 1 else "raise the batch size, or use "
    remedy += "" if regular > 1 else "GroupNorm"
    return Finding(
        BLOCKER if error else WARNING if regular == 1 else NOTE,
        what + (f", and fail: {error}" if error else ""),
        "at least two examples",
        cause="the set's size leaves one over" if regular > 1 else "batches, or the pieces they are cut into, of one",
        remedy=remedy,
        kind="batch_norm_single",
        where="batch",
        change={} if regular > 1 else {"batch": 16},
        weight=0.5,
    )


def _smallest_piece(batch: Batch, objective: Objective) -> int:
    """Examples that go through the network at once: a batch, or the smallest piece of an accumulated one."""
    return min(len(piece) for piece in torch.arange(len(batch[0])).chunk(objective.accumulate))


def _try(task: Task, objective: Objective, batch: Batch) -> str:
    try:
        objective.loss(batch)
    except Exception as error:
        return failure(error)
    return ""
