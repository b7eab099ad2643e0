"""Does each objective's gradient match a centred difference, in every parameter tensor?"""

from collections.abc import Callable
from itertools import islice

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective
from ...engine.precision import FLOAT32
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..gradients import FINE, HAPPY, UNEASY, UNJUDGED, WRONG, Verdict, check_gradients, compare
from ._copy import descending, first_batch, patient, unexamined
from ._look import failure

EXAMPLES = 3  # few examples: few kinks of max and ReLU to step over
ENTRIES = 3  # of every parameter tensor: the largest gradient, and random ones
SECONDS = 3.0  # for each term of the loss: a large network gets fewer entries of each tensor
LIMIT = 10.0  # for each term: what is not asked by then, of a detector with its many terms, is left out and counted
BURN_IN = 10  # updates after which tensors that sat at a kink are asked again: fresh biases are all exactly zero
SEVERITY = {HAPPY: PASS, FINE: PASS, UNEASY: WARNING, WRONG: BLOCKER, UNJUDGED: NOTE}


def examine(task: Task, burn_in: int = 0) -> list[Finding]:
    """Each named term of the loss is checked apart, and the weight penalty apart from them: one can hide another.

    burn_in: updates before the check; a network that has learned a little no longer sits at its kinks.
    """
    with patient(task) as copy:
        _burn(copy, burn_in)
        copy.run_at(FLOAT32)
        copy.double()
        batch = tuple(t.double() if t.is_floating_point() else t for t in first_batch(copy, EXAMPLES))
        found = []
        for index, objective in enumerate(descending(copy)):
            try:
                found.append(_check(task, copy, objective, index, batch))
            except (ValueError, RuntimeError, NotImplementedError) as error:
                found.append(unexamined(failure(error)))
        return found


def _check(task: Task, copy: Task, objective: Objective, index: int, batch: Batch) -> Finding:
    verdicts = _judge(copy, objective, batch)
    unjudged = {verdict.name for verdict in verdicts if verdict.verdict == UNJUDGED}
    if unjudged:  # ask once more where the kinks are left behind
        with patient(task) as later:
            _burn(later, BURN_IN)
            later.run_at(FLOAT32)
            later.double()
            again = {v.name: v for v in _judge(later, descending(later)[index], batch, unjudged)}
        verdicts = [again.get(verdict.name, verdict) for verdict in verdicts]
    return _say(verdicts)


def _judge(task: Task, objective: Objective, batch: Batch, only: set[str] | None = None) -> list[Verdict]:
    """A verdict per term and tensor, named 'tensor' or 'tensor in term'."""
    names = {id(parameter): name for name, parameter in task.named_parameters()}
    tensors = {names.get(id(p), f"parameter {i}"): p for i, p in enumerate(objective.parameters)}
    terms = list(objective.loss(batch))
    verdicts = []
    for term in [name for name in terms if name not in task.surrogates]:
        named = {f"{name} in {term}" if len(terms) > 1 else name: p for name, p in tensors.items()}
        named = {name: p for name, p in named.items() if only is None or name in only}
        loss = _term(task, objective, batch, term)
        if named and loss().requires_grad:
            verdicts += check_gradients(loss, named.items(), entries=ENTRIES, seconds=SECONDS, limit=LIMIT)
    return verdicts + (_penalty(objective, names) if only is None else [])


def _term(task: Task, objective: Objective, batch: Batch, name: str) -> Callable[[], Tensor]:
    """The term as a function of the weights alone: buffers, such as a state that is carried on, begin as they were."""
    kept = {name: buffer.clone() for name, buffer in task.named_buffers()}

    def loss() -> Tensor:
        with torch.no_grad():
            for name_, buffer in task.named_buffers():
                buffer.copy_(kept[name_])
        return objective.loss(batch)[name]

    return loss


def _penalty(objective: Objective, names: dict[int, str]) -> list[Verdict]:
    """An update adds weight_decay * W + l1 * sign(W) to the gradient: is that the slope of the reported penalty?"""
    groups = [(g, g.get("weight_decay") or 0.0, objective.l1) for g in objective.optimizer.param_groups]
    tensors, gradients = {}, {}
    for group, decay, l1 in groups:
        for p in group["params"]:
            l1_here = l1 if p.ndim >= 2 else 0.0
            if decay or l1_here:
                name = f"{names.get(id(p), 'a tensor')} in the penalty"
                tensors[name] = p
                gradients[name] = decay * p.detach() + l1_here * p.detach().sign()
    return compare(lambda: objective.penalty().double(), tensors, gradients, entries=1) if tensors else []


def _burn(task: Task, updates: int) -> None:
    for batch in islice(task.batches(), updates):
        for objective in descending(task):
            objective.improve(batch)


def _say(verdicts: list[Verdict]) -> Finding:
    if not verdicts:
        return Finding(PASS, "no term of the loss is the slope of its value: all are estimates")
    judged = [v for v in verdicts if v.verdict != UNJUDGED]
    if not judged:
        return unexamined("every entry tried sits at a kink, before and after a few updates")
    worst = max(judged, key=lambda v: v.error)
    wrong = [v for v in judged if v.verdict == worst.verdict]
    right = sum(v.verdict in (HAPPY, FINE) for v in judged)
    entries = sum(v.entries for v in judged)
    what = f"gradient right in {right} of {len(judged)} tensors, worst relative error {worst.error:.0e} in {worst.at}"
    excluded = [entry for v in verdicts for entry in v.excluded]
    against = f"{worst.verdict}: below 1e-7 happy, above 1e-2 wrong; {entries} entries"
    if excluded:
        against += f", {len(excluded)} at a kink left out: {excluded[0]}" + (" ..." if len(excluded) > 1 else "")
    left = [v.name for v in verdicts if v.verdict == UNJUDGED]
    if left and worst.verdict in (HAPPY, FINE):
        return Finding(NOTE, what, against, f"every entry tried of {', '.join(left[:3])} sits at a kink")
    if worst.verdict in (HAPPY, FINE):
        return Finding(PASS, what, against)
    named = ", ".join(v.name for v in wrong[:5]) + (" ..." if len(wrong) > 5 else "")
    return Finding(
        SEVERITY[worst.verdict],
        what,
        against,
        cause=f"{worst.verdict} in {named}: a detach(), an in-place edit, a backward written by hand",
        remedy=f"read what lies between {wrong[-1].name} and the loss; what comes after the last wrong tensor is right",
        kind="gradient_wrong",
        where=wrong[-1].name,
        weight=0.9,
    )
