"""Can each objective learn a handful of examples by heart?"""

import copy as copying

from ...engine.objective import Batch, Objective
from ...engine.schedules import constant
from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ._copy import descending, first_batch, patient

EXAMPLES, STEPS = 20, 300
SHRINK = 0.05  # the loss must fall to this share of its start: near zero, where noise no longer matters
RATES = (1.0, 0.1, 0.01)  # factors on the recipe's rate: a rate for big batches may be too fast for twenty pictures


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy, EXAMPLES)
        return [_check(copy, index, batch) for index in range(len(descending(copy)))]


def _check(task: Task, index: int, batch: Batch) -> Finding:
    n = len(batch[0])
    first = last = float("nan")
    for factor in RATES:
        objective = descending(copying.deepcopy(task))[index]
        first, last, steps = _overfit(objective, batch, objective.lr * factor)
        if last <= SHRINK * first:
            return Finding(PASS, f"overfits {n} images in {steps} steps", f"loss {first:.2f} to {last:.3f}")
    return Finding(
        BLOCKER,
        f"loss on {n} repeated images only went from {first:.2f} to {last:.2f} in {STEPS} steps",
        f"expected below {SHRINK * first:.2f}",
        cause="labels and images do not belong together, part of the network is frozen, or it is far too small",
        remedy="look at a batch just before the network, and at which parameters receive gradients",
    )


def _overfit(objective: Objective, batch: Batch, lr: float) -> tuple[float, float, int]:
    """First loss, last loss, steps taken; regularisation and schedule off."""
    objective.schedule, objective.lr, objective.accumulate = constant, lr, 1
    for group in objective.optimizer.param_groups:
        group["weight_decay"] = 0.0
    first = last = float(objective.improve(batch).loss)
    for step in range(1, STEPS + 1):
        last = float(objective.improve(batch).loss)
        if last <= SHRINK * first:
            return first, last, step
    return first, last, STEPS
