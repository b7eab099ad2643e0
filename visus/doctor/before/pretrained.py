"""Do pretrained weights get inputs on the scale of those they were trained on?"""

import torch
from torch import Tensor, nn

from ...engine.objective import Objective
from ...engine.task import Task
from ..finding import NOTE, PASS, WARNING, Finding
from ._copy import descending, first_batch, patient
from ._look import LayerCall, look

# Times the recorded deviation. Other pictures move some filters' answers, smooth ones those of all edge detectors; a
# wrong scale moves all of them: pixels in 0..1 by 1 / 0.23 and raw pixels by 58 where ImageNet's figures are expected.
ODD = 2.5
LEAST_OFF = 0.25  # quantile of the channels that is looked at, therefore
LEFT = 0.05  # of the statistics that a norm was made with
ABSORBED = 0.15  # weight where the norm takes batch statistics: it takes the scale out again, but not its borders
NORMS = (nn.modules.batchnorm._BatchNorm,)


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        recorded = {name: _statistics(m) for name, m in copy.named_modules() if isinstance(m, NORMS) and _used(m)}
        batch = first_batch(copy)
        return [_examine(copy, objective, batch, recorded) for objective in descending(copy)]


def _used(norm: nn.modules.batchnorm._BatchNorm) -> bool:
    """Whether its statistics are those of an earlier training: neither those it was made with, nor half-way from them.

    Published weights may come without the count of batches; then it is 0.
    """
    mean, variance, n = norm.running_mean, norm.running_var, int(norm.num_batches_tracked or 0)
    if n and norm.momentum is not None and (1 - norm.momentum) ** n > LEFT:
        return False
    return mean is not None and variance is not None and bool((mean != 0).any() | (variance != 1).any())


def _statistics(norm: nn.modules.batchnorm._BatchNorm) -> tuple[Tensor, Tensor]:
    """Copies: the pass that is looked at may move them."""
    return norm.get_buffer("running_mean").clone(), norm.get_buffer("running_var").clone()


def _examine(
    task: Task, objective: Objective, batch: tuple[Tensor, ...], recorded: dict[str, tuple[Tensor, Tensor]]
) -> Finding:
    if not recorded:
        return Finding(PASS, "no norm keeps statistics of an earlier training")
    layers = look(task, objective, batch).layers
    first = next((c for c in layers if c.name in recorded and c.given is not None and c.given.ndim > 1), None)
    if first is None or len(batch[0]) < 2:
        return Finding(PASS, "no norm with statistics of an earlier training was called")
    ratio = scale(first, recorded[first.name][1])
    what = f"what reaches {first.name} deviates {ratio:.3g} times as much as in the training of its weights"
    against = f"{1 / ODD:g} to {ODD:g} times"
    if 1 / ODD <= ratio <= ODD:
        return Finding(PASS, what, against)
    absorbed = first.module.training
    return Finding(
        NOTE if absorbed else WARNING,
        what,
        against,
        cause="inputs are not prepared as they were for these weights: raw or 0 to 1 pixels, or other mean and "
        "deviation",
        remedy="prepare inputs with the mean and deviation recorded with the weights, once",
        kind="pretrained_inputs_differ",
        where="inputs (preprocessing)",
        weight=ABSORBED if absorbed else 0.7,
    )


@torch.no_grad()
def scale(call: LayerCall, variance: Tensor) -> float:
    """Deviation of what enters a norm over the recorded one, of the channels that are least off; 1 if all agree."""
    assert call.given is not None, "asked of calls that were seen"
    x = call.given.detach().float().transpose(0, 1).flatten(1)  # (C, N)
    logs = ((x.var(1, correction=0) + 1e-5) / (variance.float() + 1e-5)).log() / 2
    least = logs[logs.abs().argsort()[: max(1, round(LEAST_OFF * len(logs)))]][-1]
    return float(least.exp())
