"""Does every parameter belong to exactly one optimizer, and does that optimizer move it?"""

import time
from collections.abc import Mapping
from itertools import islice

import torch
from torch import Tensor

from ...engine.objective import Objective, sum_of
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import dense, generative
from ._copy import descending, first_batch, patient

STEPS = 3  # a parameter behind a zero can need a step before a gradient reaches it
MORE, SECONDS = 40, 3.0  # steps while some have none: a detector's coarsest map learns where a large object comes
NAMED = 5  # names shown of a longer list


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        names = {id(parameter): name for name, parameter in copy.named_parameters()}
        objectives = descending(copy)
        found = [*_ownership(copy, objectives, names), *_movement(copy, objectives, names)]
    n = sum(len(objective.parameters) for objective in objectives)
    return found or [Finding(PASS, "every parameter updated", f"{n} tensors")] * bool(objectives)


def _ownership(task: Task, objectives: list[Objective], names: dict[int, str]) -> list[Finding]:
    """Parameters that no optimizer holds, that two hold, and such that the task does not know."""
    owners: dict[int, int] = {}
    for objective in objectives:
        for group in objective.optimizer.param_groups:
            for parameter in group["params"]:
                owners[id(parameter)] = owners.get(id(parameter), 0) + 1
    homeless = {name: p for name, p in task.named_parameters() if p.requires_grad and id(p) not in owners}
    free = _reached(task, objectives, homeless)
    shared = [names[i] for i, count in owners.items() if count > 1 and i in names]
    strangers = sum(i not in names for i in owners)
    found = []
    if objectives and free:
        found.append(
            Finding(
                BLOCKER,
                f"{len(free)} parameter tensors require a gradient but no optimizer holds them: {_some(free)}",
                "each in exactly one optimizer",
                cause="the optimizer was made before the layer, or was given only part of the model",
                remedy="hand all of model.parameters() to the optimizer, or freeze these (requires_grad_(False))",
                kind="parameters_not_in_optimizer",
                where=free[0],
                weight=0.7,
            )
        )
    if strangers:
        found.append(
            Finding(
                BLOCKER,
                f"an optimizer holds {strangers} tensors that belong to no module of this task",
                "the parameters of the model that is trained",
                cause="the model was replaced, copied or moved after the optimizer was made",
                remedy="make the optimizer after the model has its final form and device",
                kind="optimizer_of_another_model",
                where="optimizer",
                weight=0.9,
            )
        )
    if shared:
        found.append(
            Finding(
                WARNING,
                f"{len(shared)} parameter tensors are in two optimizers: {_some(shared)}",
                "each in exactly one optimizer",
                cause="two objectives pull at the same weights, each with a state of its own",
                remedy="add the two losses under one optimizer, or split the parameters",
                kind="parameters_in_two_optimizers",
                where=shared[0],
                weight=0.3,
            )
        )
    return found


def _reached(task: Task, objectives: list[Objective], parameters: Mapping[str, Tensor]) -> list[str]:
    """Those that a loss depends on. A target network or a moving average needs no optimizer, and no loss reaches it."""
    if not parameters:
        return []
    batch, reached = first_batch(task), set()
    for objective in objectives:
        loss = sum_of(objective.loss(batch))
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        reached |= {name for name, gradient in zip(parameters, gradients, strict=True) if gradient is not None}
    return [name for name in parameters if name in reached]


def _movement(task: Task, objectives: list[Objective], names: dict[int, str]) -> list[Finding]:
    """A few updates on a few batches: which tensors stay where they were?"""
    before = [[p.detach().clone() for p in objective.parameters] for objective in objectives]
    pulled: dict[int, float] = {}  # largest gradient of each tensor that the loss reaches
    began, done = time.monotonic(), 0
    for done, batch in enumerate(islice(task.batches(), MORE), 1):
        for objective in objectives:
            objective.improve(batch)
            for parameter in objective.parameters:
                if parameter.grad is not None:
                    pulled[id(parameter)] = max(pulled.get(id(parameter), 0.0), _largest(parameter.grad))
        late = time.monotonic() - began > SECONDS
        if done >= STEPS and (late or all(pull != 0 for pull in pulled.values())):
            break
    found = []
    for objective, old in zip(objectives, before, strict=True):
        pairs = list(zip(objective.parameters, old, strict=True))
        rows = [
            (names.get(id(p), "a tensor"), torch.equal(p, o), pulled.get(id(p)))
            for p, o in pairs
            if not (_shifts_scores(task, p) and pulled.get(id(p)) == 0)
        ]
        apart = [name for name, _, pull in rows if pull is None]
        idle = [name for name, _, pull in rows if pull == 0]
        still = [name for name, unmoved, pull in rows if unmoved and pull]
        if apart or idle:
            rare = not apart and dense.offers(task, "marks") is not None and done < task.steps_per_epoch
            found.append(_not_reached(apart, idle, len(rows), done, rare))
        elif still and all(torch.equal(p, o) for p, o in pairs if o.any()):  # a bias at zero moves by any trifle
            found.append(_nothing_moves(objective))
        elif still:
            found.append(_hardly_moves(still))
    return found


def _shifts_scores(task: Task, parameter: Tensor) -> bool:
    """Whether it may be the last bias of a critic: where only differences of scores count, it cancels."""
    return parameter.numel() == 1 and generative.are_opponents(task)


def _largest(gradient: Tensor) -> float:
    values = gradient.coalesce().values() if gradient.is_sparse else gradient
    return float(values.abs().max()) if values.numel() else 0.0


def _not_reached(apart: list[str], idle: list[str], n: int, steps: int, rare: bool) -> Finding:
    """rare: what they learn from, such as objects of one size, may well not have come yet."""
    return Finding(
        NOTE if rare else BLOCKER,
        f"{len(apart) + len(idle)} of {n} parameter tensors did not learn in {steps} steps: {_some(apart + idle)}",
        "a gradient in all of them",
        cause="the loss does not depend on it"
        if apart
        else "its gradient is zero: a detach(), a dead layer, a factor 0",
        remedy="remove it, freeze it on purpose (requires_grad_(False)), or connect it",
        kind="parameters_not_updated" if apart else "no_gradient",
        where=(apart or idle)[0],
        weight=0.7,
    )


def _nothing_moves(objective: Objective) -> Finding:
    rates = {float(group["lr"]) for group in objective.optimizer.param_groups}
    return Finding(
        BLOCKER,
        f"no parameter changed in {STEPS} steps, though all have gradients (learning rate {max(rates):g})",
        "all of them change",
        cause="the learning rate is zero or below rounding, or step() is never reached",
        remedy="raise the learning rate",
        kind="learning_rate_too_low" if max(rates) < 1e-6 else "parameters_not_updated",
        where="lr",
        weight=0.9,
    )


def _hardly_moves(still: list[str]) -> Finding:
    return Finding(
        NOTE,
        f"{len(still)} parameter tensors have gradients too small to move them: {_some(still)}",
        "",
        cause="what follows cancels it, as a normalisation cancels a bias",
        remedy="harmless; bias=False saves it",
        kind="parameters_not_updated",
        where=still[0],
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")
