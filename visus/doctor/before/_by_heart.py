"""Train on a handful of examples again and again, until they are known by heart or time is up."""

import copy as copying
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from statistics import fmean

import torch
from torch import nn

from ...engine.objective import Batch, Objective, sum_of
from ...engine.schedules import constant
from ...engine.task import Task
from ..instruments import dense, generative
from ._copy import descending, first_batch
from ._look import Look, look
from ._loss_call import VALUES
from ._sequences import unforeseeable

EXAMPLES, STEPS = 20, 300
SHRINK = 0.05  # the loss must fall to this share of its start: near zero, where noise no longer matters
RATES = (1.0, 10.0, 0.1, 0.01)  # factors on the rate: one for long runs is slow, one for big batches too fast
ADAM, ADAM_RATE = 0.0, 3e-3  # in place of a factor: brings most small networks down in a few hundred steps
SECONDS = 8.0  # for one rate
TOGETHER = 24.0  # for all of them: small networks need no more
DENSE = 4  # pictures in which objects or pixels are marked, or whose values are told: many answers, that take long
GIST = 0.3  # of the loss of such: how many of its places are background is learned, and some of the rest
FEWEST = 30  # steps, below which time was up and nothing is known
LATE = 10  # steps: a single one may be lucky


@dataclass(frozen=True)
class Lesson:
    """first, last: losses above the least they can be. steps: taken. factor: on the own rate, or ADAM.

    late: mean of the last ten losses. reachable: whether the least is known to be within reach of a sound network.
    own: share of the loss that the own optimizer left at its best rate.
    """

    first: float
    last: float
    steps: int
    factor: float
    late: float = math.nan
    reachable: bool = False
    own: float = 0.0

    @property
    def learned(self) -> bool:
        return self.last <= SHRINK * self.first

    @property
    def left(self) -> float:
        """Share of the first loss that is left; infinite if it grew beyond number."""
        share = self.last / self.first if self.first > 0 else 0.0
        return share if math.isfinite(share) else math.inf


def many_answers(task: Task, batch: Batch) -> bool:
    """Whether an example has many answers: marked objects, the class of each pixel, the values of a picture."""
    return dense.is_dense(task, batch) or (generative.are_drawings(task) and not generative.are_opponents(task))


def handful(task: Task) -> Batch:
    """A few examples that can be learned by heart in seconds."""
    batch = first_batch(task, EXAMPLES)
    return tuple(column[:DENSE] for column in batch) if many_answers(task, batch) else batch


def by_heart(task: Task, index: int, batch: Batch, enough: float = SHRINK) -> Lesson:
    """The best of a few rates and of Adam; the first that leaves no more than `enough` of the loss ends it."""
    began = time.monotonic()
    seen = look(again := copying.deepcopy(task), descending(again)[index], batch)
    lessons: list[Lesson] = []
    for factor in (*RATES, ADAM):
        lessons.append(repeat(task, index, batch, factor, STEPS, least(seen, batch), enough=enough))
        if lessons[-1].left <= enough or (enough > SHRINK and time.monotonic() - began > TOGETHER):
            break
    own = min(lesson.left for lesson in lessons if lesson.factor != ADAM)
    return replace(min(lessons, key=lambda lesson: lesson.left), reachable=_reachable(seen), own=own)


def repeat(
    task: Task,
    index: int,
    batch: Batch,
    factor: float,
    steps: int,
    floor: float = 0.0,
    seconds: float = SECONDS,
    changed: Callable[[Task], AbstractContextManager[object]] = nullcontext,
    enough: float = SHRINK,
) -> Lesson:
    """Train a copy on one batch; regularisation, dropout and schedule off. `floor` is the least the loss can be.

    changed: a context in which the copy works. If Adam learns what the own optimizer does not, the network is sound,
    and the optimizer or its rate is not.
    """
    copy = copying.deepcopy(task)
    objective = descending(copy)[index]
    _prepare(copy, objective, factor)
    began = time.monotonic()
    with changed(copy):
        losses = [float(objective.improve(batch).loss) - floor]
        for _ in range(steps):
            losses.append(float(objective.improve(batch).loss) - floor)
            last = losses[-1]
            if last <= enough * losses[0] or not math.isfinite(last) or time.monotonic() - began > seconds:
                break
    return Lesson(losses[0], losses[-1], len(losses) - 1, factor, fmean(losses[-LATE:]))


def _prepare(task: Task, objective: Objective, factor: float) -> None:
    for module in task.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        elif isinstance(module, nn.RNNBase):
            module.dropout = 0.0
    objective.schedule, objective.accumulate, objective.l1 = constant, 1, 0.0
    if factor == ADAM:
        objective.optimizer, objective.lr = torch.optim.Adam(objective.parameters), ADAM_RATE
    else:
        objective.lr *= factor
    for group in objective.optimizer.param_groups:
        group["weight_decay"] = 0.0


def _reachable(seen: Look) -> bool:
    """Labels can be learned by heart. A bottleneck that shall draw its input again, or two adversaries, need not."""
    if len(seen.losses) != 1 or seen.losses[0].expects == VALUES:
        return False
    call, total = seen.losses[0], float(sum_of(seen.terms).detach())
    if (
        call.value is None
        or call.value.numel() != 1
        or not math.isclose(float(call.value.detach()), total, rel_tol=1e-4)
    ):
        return False  # other terms are added, a divergence for one
    targets, n = call.targets, len(call.targets) if call.targets.ndim else 0
    if n and targets.shape == (n,) and torch.equal(targets.cpu(), torch.arange(n).to(targets.dtype)):
        return False  # each example is to be told from the others of its batch
    return n > 0 and bool((targets != targets[:1]).any())


def least(seen: Look, batch: Batch) -> float:
    """What the loss cannot fall below on these targets: label smoothing, soft targets and first words leave a rest."""
    calls = [call for call in seen.losses if call.outputs.requires_grad and call.value is not None]
    if len(calls) != 1 or len(seen.terms) != 1 or calls[0].value is None or calls[0].value.numel() != 1:
        return 0.0
    share = float(sum_of(seen.terms).detach()) / (float(calls[0].value.detach()) or 1.0)  # a loss may be scaled
    return share * calls[0].best() + unforeseeable(batch, seen)
