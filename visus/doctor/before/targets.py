"""Do the targets suit the loss: of a usual scale, in every column, and one class each where one is expected?"""

import time
from itertools import islice

import torch
from torch import Tensor

from ...engine.objective import Batch
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import acting
from ._copy import descending, first_batch, patient
from ._look import look
from ._loss_call import VALUES, LossCall

LARGE = 10.0  # deviations or distance from 0; a network starts with answers around 0 and of about 1
UNEVEN = 30.0  # times the deviation of another column: in squares it then counts a thousand times as much
MOST_BATCHES, SECONDS = 200, 2.0  # looked through for columns that never change
ENOUGH = 100  # examples; in fewer a rare attribute may well not come
NAMED = 5  # columns shown of a longer list


def examine(task: Task) -> list[Finding]:
    if acting.acts(task):
        return [Finding(PASS, "targets follow from what is earned: see the examination of rewards")]
    with patient(task) as copy:
        batch = first_batch(copy)
        found = []
        for objective in descending(copy):
            calls = [c for c in look(copy, objective, batch).losses if c.outputs.requires_grad]
            problems = [*_several_classes(calls), *_constant(copy, batch), *_scale(calls)]
            found += problems or [Finding(PASS, _said(calls[0].targets if calls else batch[-1]))]
        return found


def _said(targets: Tensor) -> str:
    kind = "class numbers" if not targets.is_floating_point() else "numbers"
    return f"targets are {kind} of shape {tuple(targets.shape)}"


def _several_classes(calls: list[LossCall]) -> list[Finding]:
    """A softmax shares one unit of chance among the classes: it cannot say yes to two of them."""
    for call in calls:
        shares = call.targets.detach()
        if call.name != "cross_entropy" or not shares.is_floating_point() or shares.shape != call.outputs.shape:
            continue
        many = shares.sum(1 if shares.ndim > 1 else 0) > 1 + 1e-3
        if bool(many.any()):
            return [
                Finding(
                    BLOCKER,
                    f"{float(many.float().mean()):.0%} of the examples have several classes, and {call.name} takes one",
                    "shares that sum to one per example",
                    cause="a softmax makes classes compete: what is right about two of them cannot be said",
                    remedy="use binary_cross_entropy_with_logits: a question of its own for each attribute",
                    kind="wrong_loss",
                    where="loss",
                    weight=0.9,
                    defect=True,
                )
            ]
    return []


def _constant(task: Task, batch: Batch) -> list[Finding]:
    """Columns of numbers that are the same in all examples, looked for in at most an epoch."""
    if len(batch) < 2 or not batch[-1].is_floating_point() or batch[-1].ndim > 2:
        return []
    low, high, n, began, whole = batch[-1][0], batch[-1][0], 0, time.monotonic(), True
    epoch = max(1, task.steps_per_epoch)
    for more in islice(task.batches(), min(MOST_BATCHES, epoch)):
        column = more[-1].to(low)
        low, high, n = torch.minimum(low, column.amin(0)), torch.maximum(high, column.amax(0)), n + len(column)
        if time.monotonic() - began > SECONDS:
            whole = False
            break
    whole = whole and epoch <= MOST_BATCHES
    same = (low == high).reshape(-1).nonzero().reshape(-1).tolist()
    if not same or n < ENOUGH:
        return []
    value = f"always {float(low.reshape(-1)[same[0]]):.3g}"
    return [
        Finding(
            WARNING if whole else NOTE,
            f"target {_some(same)} is {value} in {n} examples",
            "targets that differ",
            cause="the column says nothing, or what is rare did not come into the training part",
            remedy="leave the column out, or gather examples of the other kind",
            kind="target_constant",
            where=f"target {same[0]}",
            weight=0.4 if whole else 0.1,
        )
    ]


def _scale(calls: list[LossCall]) -> list[Finding]:
    """Of regressions: how far from 0 and how wide what enters the loss is."""
    for call in calls:
        if call.expects != VALUES or not call.targets.is_floating_point() or len(call.targets) < 2:
            continue
        rows = call.targets.detach().float().reshape(len(call.targets), -1)
        centre, spread = rows.mean(0), rows.std(0, correction=0)
        if float(torch.maximum(centre.abs(), spread).max()) > LARGE:
            return [_far(centre, spread)]
        varied = spread[spread > 0]
        if len(varied) > 1 and float(varied.max()) > UNEVEN * float(varied.min()):
            return [_uneven(spread)]
    return []


def _far(centre: Tensor, spread: Tensor) -> Finding:
    i = int(torch.maximum(centre.abs(), spread).argmax())
    return Finding(
        WARNING,
        f"target {i} has mean {float(centre[i]):.3g} and deviation {float(spread[i]):.3g} where the loss meets it",
        "about 0 and 1",
        cause="targets in their own units: first errors are huge, and gradients with them",
        remedy="learn (target - mean) / deviation of the training part, and undo it in what is answered",
        kind="targets_not_standardised",
        where="targets",
        weight=0.6,
    )


def _uneven(spread: Tensor) -> Finding:
    most, least = int(spread.argmax()), int(torch.where(spread > 0, spread, torch.inf).argmin())
    return Finding(
        WARNING,
        f"target {most} deviates by {float(spread[most]):.3g}, target {least} by {float(spread[least]):.3g}",
        f"within {UNEVEN:g} times of each other",
        cause="in a sum of squared errors only the widest column counts",
        remedy="divide each column by its deviation over the training part",
        kind="targets_not_standardised",
        where=f"target {most}",
        weight=0.5,
    )


def _some(columns: list[int]) -> str:
    return ", ".join(map(str, columns[:NAMED])) + (" ..." if len(columns) > NAMED else "")
