"""Does each objective's gradient match a centred difference, in every parameter tensor?"""

from collections.abc import Callable

import torch
from torch import Tensor

from ...engine.objective import Objective, sum_of
from ...engine.precision import FLOAT32
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, Finding
from ._copy import descending, first_batch, patient

EXAMPLES = 3  # few examples: few kinks of max and ReLU to step over
STEPS = (1e-5, 1e-6, 1e-7, 1e-4)  # h; smaller ones if the first steps over a kink, a larger if rounding dominates
HAPPY, WRONG = 1e-6, 1e-2  # relative error: below is right for smooth nets, above is a mistake
PROBES = 2  # entries of every parameter tensor
NOISE = 1e-9  # gradients below this are rounding, relative to the loss


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        copy.run_at(FLOAT32)
        copy.double()
        batch = tuple(t.double() if t.is_floating_point() else t for t in first_batch(copy, EXAMPLES))
        return [_check(copy, objective, batch) for objective in descending(copy)]


def _check(task: Task, objective: Objective, batch: tuple[Tensor, ...]) -> Finding:
    names = {id(parameter): name for name, parameter in task.named_parameters()}

    def loss() -> Tensor:
        with own_randomness(0):  # the same dropout mask at every evaluation
            return sum_of(objective.loss(batch))

    gradients = torch.autograd.grad(loss(), objective.parameters, materialize_grads=True)
    dice = torch.Generator().manual_seed(0)
    worst, where = 0.0, ""
    for parameter, gradient in zip(objective.parameters, gradients, strict=True):
        for index in torch.randint(parameter.numel(), (PROBES,), generator=dice).tolist():
            error = _best_relative_error(loss, parameter, gradient, index)
            if error >= worst:
                worst, where = error, names.get(id(parameter), "a parameter")
    what, against = f"worst gradient error {worst:.0e}", f"in {where}; right below {HAPPY:.0e}, wrong above {WRONG:.0e}"
    if worst < HAPPY:
        return Finding(PASS, what, against)
    cause = (
        "a kink of max or ReLU was stepped over" if worst < WRONG else "a detach(), an in-place edit, a wrong backward"
    )
    return Finding(NOTE if worst < WRONG else BLOCKER, what, against, cause, f"check how {where} enters the loss")


def _best_relative_error(loss: Callable[[], Tensor], parameter: Tensor, gradient: Tensor, index: int) -> float:
    """The error at the first h that is good enough, else the smallest: only one h need miss every kink."""
    best = float("inf")
    for h in STEPS:
        best = min(best, _relative_error(loss, parameter, gradient, index, h))
        if best < HAPPY:
            break
    return best


@torch.no_grad()
def _relative_error(loss: Callable[[], Tensor], parameter: Tensor, gradient: Tensor, index: int, h: float) -> float:
    weights, analytic = parameter.data.view(-1), float(gradient.reshape(-1)[index])
    kept = weights[index].clone()
    weights[index] = kept + h
    above = float(loss())
    weights[index] = kept - h
    below = float(loss())
    weights[index] = kept
    numeric = (above - below) / (2 * h)
    scale = max(abs(numeric), abs(analytic))
    # Both are zero up to the rounding of a difference of two losses: nothing to compare.
    return 0.0 if scale < NOISE * max(1.0, abs(above)) / h * 1e-5 else abs(numeric - analytic) / scale
