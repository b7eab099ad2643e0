"""Is the next token asked for, and out of sight: are targets moved by one, and does no answer look ahead?"""

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..finding import BLOCKER, PASS, WARNING, Finding
from ..instruments.sequences import moved
from ._copy import descending, first_batch, patient, unexamined
from ._look import look
from ._sequences import answers, asked, by_token, later_changed, shown, token_columns

EXAMPLES = 4
ROUNDING = 1e-4  # kernels may sum in another order
SAME = 0.999


def examine(task: Task) -> list[Finding]:
    """The later half of what is shown is exchanged for other tokens: earlier answers must stay as they are."""
    with patient(task) as copy:
        batch = first_batch(copy, EXAMPLES)
        copy.eval()
        return [_examine(copy, objective, batch) for objective in descending(copy)]


def _examine(task: Task, objective: Objective, batch: Batch) -> Finding:
    targets, made = _answered(task, objective, batch)
    if targets is None:
        return Finding(PASS, "no sequence of tokens is asked for")
    column = shown(batch, targets)
    if column is None:
        copied = any(moved(c, targets).get("same", 0.0) >= SAME for _, c in token_columns(batch) if c is not targets)
        return _not_moved() if copied else Finding(PASS, "what is asked for is not the next token of what is shown")
    if made is None:
        return unexamined("no answer for each token was seen")
    changed = tuple(later_changed(c) if i == column else c for i, c in enumerate(batch))
    _, other = _answered(task, objective, changed)
    half = targets.shape[1] // 2
    if other is None or other.shape != made.shape or half < 1:
        return unexamined("no answer for each token was seen")
    difference = float((other - made)[:, :half].abs().max())
    scale = max(1.0, float(made.abs().max()))
    if difference <= ROUNDING * scale:
        return Finding(PASS, "answers do not look ahead", f"largest difference {difference:.0e}")
    return Finding(
        BLOCKER,
        f"answers change by {difference:.1e} with tokens that come later, and the next token is what is asked for",
        f"at most {ROUNDING * scale:.0e}",
        cause="the network sees the future: it reads in both directions, or attends to what comes later",
        remedy="bidirectional=False, a causal mask, and no mean over the whole sequence",
        kind="sees_the_future",
        where="model",
        weight=0.95,
        defect=True,
    )


def _answered(task: Task, objective: Objective, batch: Batch) -> tuple[Tensor | None, Tensor | None]:
    """The tokens asked for, and what is answered for each, (B, T, V)."""
    with own_randomness(0):
        seen = look(task, objective, batch)
    targets = asked(batch, seen)
    made = answers(seen, targets) if targets is not None else None
    return targets, None if made is None or targets is None else by_token(made.detach(), targets).to(torch.float64)


def _not_moved() -> Finding:
    return Finding(
        WARNING,
        "the targets are the inputs of the same step",
        "the inputs of the next step",
        cause="targets are not moved by one: the network learns to repeat what it is shown",
        remedy="inputs = tokens[:, :-1] and targets = tokens[:, 1:]",
        kind="targets_not_moved",
        where="targets",
        weight=0.9,
    )
