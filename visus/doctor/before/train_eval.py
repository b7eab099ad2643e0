"""Does the network answer alike in training and in evaluation mode, once its statistics have settled?"""

import math
import time
from itertools import cycle, islice

import torch
from torch import nn

from ...engine.objective import Batch, Objective, sum_of
from ...engine.task import Task
from ..finding import NOTE, PASS, WARNING, Finding
from ..instruments import generative
from ._copy import descending, patient, unexamined
from ._look import failure

UPDATES, UPDATE_SECONDS = 20, 3.0  # enough to leave the start; at least FEWEST, however long they take
FEWEST = 3
SETTLED = 0.05  # share of the initial running statistics that may be left
MOST_PASSES, PASS_SECONDS = 60, 3.0
WORSE = 1.5  # the loss in evaluation mode against the one in training mode, on the same examples
MATTERS = 0.1  # and the difference as a share of the loss at the start
NORMS = (nn.modules.batchnorm._NormBase,)


def examine(task: Task) -> list[Finding]:
    """A few updates, then passes without updates until batch norms have forgotten their start, then both modes."""
    if generative.are_opponents(task):
        return [Finding(PASS, "networks play against each other: no loss of theirs is the same twice")]
    with patient(task) as copy:
        batches = list(islice(copy.batches(), UPDATES))
        batches = [batch for batch in batches if len(batch[0]) == len(batches[0][0])]  # a rest of one is another matter
        return [_examine(copy, objective, batches) for objective in descending(copy)]


def _examine(task: Task, objective: Objective, batches: list[Batch]) -> Finding:
    changing = [name for name, m in task.named_modules() if isinstance(m, (*NORMS, nn.modules.dropout._DropoutNd))]
    changing += [name for name, m in task.named_modules() if isinstance(m, nn.RNNBase) and m.dropout]
    if not changing:
        return Finding(PASS, "no layer that changes with the mode")
    start = float(objective.improve(batches[0]).loss)
    began = time.monotonic()
    for done, batch in enumerate(batches[1:], 1):
        if done >= FEWEST and time.monotonic() - began > UPDATE_SECONDS:
            break
        objective.improve(batch)
    left = _settle(task, objective, batches)
    try:
        training, evaluated = _loss(task.train(), objective, batches), _loss(task.eval(), objective, batches)
    except Exception as error:
        return unexamined(f"the loss cannot be computed in evaluation mode ({failure(error)})")
    finally:
        task.train()
    what = f"loss {training:.3g} in training mode, {evaluated:.3g} in evaluation mode on the same examples"
    worse = evaluated > WORSE * training and evaluated - training > MATTERS * abs(start)
    if not worse and math.isfinite(evaluated):
        return _dropout(task, what, training - evaluated > (WORSE - 1) * evaluated + MATTERS * abs(start))
    slow = f"; {100 * left:.0f} % of the initial statistics are left" if left > SETTLED else ""
    return Finding(
        NOTE if left > SETTLED and _slowest(task) > 0 else WARNING,
        what + slow,
        f"at most {WORSE:g} times as much",
        cause="running statistics that do not follow those of the batches, or a layer that does something else",
        remedy="momentum of the batch norms near 0.1, larger batches, or GroupNorm",
        kind="norm_statistics",
        where=next((n for n, m in task.named_modules() if isinstance(m, NORMS)), changing[0]),
        weight=0.6,
    )


def _dropout(task: Task, what: str, drowned: bool) -> Finding:
    rates = {name: m.p for name, m in task.named_modules() if isinstance(m, nn.modules.dropout._DropoutNd)}
    if not (drowned and rates):
        return Finding(PASS, what, f"at most {WORSE:g} times as much")
    name = max(rates, key=lambda n: rates[n])
    return Finding(
        NOTE,
        what,
        "alike",
        cause=f"dropout of {rates[name]:g} in {name} hides much of what the network knows while it learns",
        remedy="lower the dropout if the training loss stays high",
        kind="dropout_too_high",
        where=name,
        change={"dropout": {"times": 0.5}},
        weight=0.3,
    )


@torch.no_grad()
def _settle(task: Task, objective: Objective, batches: list[Batch]) -> float:
    """Passes in training mode without updates. Returns the share of older statistics that is left."""
    began, slowest, passes = time.monotonic(), _slowest(task), 0
    wanted = MOST_PASSES if slowest <= 0 else math.ceil(math.log(SETTLED) / math.log(max(1e-9, 1 - slowest)))
    for batch in islice(cycle(batches), min(wanted, MOST_PASSES)):
        if time.monotonic() - began > PASS_SECONDS:
            break
        objective.loss(batch)
        passes += 1
    return (1 - slowest) ** passes


def _slowest(task: Task) -> float:
    """Smallest momentum of the norms that keep statistics; 1 if there are none, or they keep plain averages."""
    momenta = [m.momentum for m in task.modules() if isinstance(m, NORMS) and m.track_running_stats and m.training]
    return min((1.0 if momentum is None else float(momentum) for momentum in momenta), default=1.0)


@torch.no_grad()
def _loss(task: Task, objective: Objective, batches: list[Batch]) -> float:
    """Mean over the last few batches. Running statistics change in training mode: put them back."""
    kept = {name: buffer.clone() for name, buffer in task.named_buffers()}
    few = batches[-FEWEST:]
    mean = sum(float(sum_of(objective.loss(batch))) for batch in few) / len(few)
    for name, buffer in task.named_buffers():
        buffer.copy_(kept[name])
    return mean
