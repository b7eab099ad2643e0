"""Is the padding behind the end of sequences left out of the loss?"""

import torch

from ...engine.objective import Batch, Objective, sum_of
from ...engine.task import Task
from ..finding import BLOCKER, PASS, WARNING, Finding
from ..instruments.sequences import padding
from ._copy import descending, first_batch, patient, unexamined
from ._look import look
from ._sequences import answers, asked, by_token

MUCH = 0.1  # of the targets


def examine(task: Task) -> list[Finding]:
    """Proved by the gradient: at places that do not count, it does not reach the scores."""
    with patient(task) as copy:
        batch = first_batch(copy)
        return [_examine(copy, objective, batch) for objective in descending(copy)]


def _examine(task: Task, objective: Objective, batch: Batch) -> Finding:
    seen = look(task, objective, batch)
    targets = asked(batch, seen)
    fill = padding(targets) if targets is not None else None
    if targets is None or fill is None:
        return Finding(PASS, "nothing is filled up")
    made = answers(seen, targets)
    if made is None or seen.error:
        return unexamined("no answer for each token was seen")
    (slope,) = torch.autograd.grad(sum_of(seen.terms), made, allow_unused=True)
    if slope is None:
        return unexamined("the loss does not depend on the answers that were seen")
    counts = by_token(slope, targets).abs().amax(2) > 0  # (B, T)
    counted = float((counts & fill.after_first).float().mean())
    what = f"{fill.share:.0%} of the targets are padding (token {fill.token})"
    if not counted:
        return Finding(PASS, f"{what}, and none of it counts")
    return Finding(
        BLOCKER if counted > MUCH else WARNING,
        f"{what}, and the loss counts it",
        "no gradient from behind the end of a sequence",
        cause="the mean runs over padding, too: the loss falls because padding is easy",
        remedy="cross_entropy(..., ignore_index=pad), or a mask and a mean over real tokens",
        kind="padding_in_loss",
        where="loss (ignore_index)",
        weight=0.8,
        defect=True,
    )
