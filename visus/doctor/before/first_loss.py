"""Does an untrained model start at the loss of a blind guess?"""

import torch

from ...engine.objective import sum_of
from ...engine.task import Task
from ..finding import PASS, WARNING, Finding
from ._copy import descending, first_batch, patient

TOLERANCE = 0.25  # share of the blind loss; a random last layer of sane size moves the loss by a few percent


@torch.no_grad()
def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy)
        return [
            _judge(float(sum_of(objective.loss(batch))), objective.blind_loss)
            for objective in descending(copy)
            if objective.blind_loss is not None
        ]


def _judge(loss: float, blind: float) -> Finding:
    what, against = f"loss at start {loss:.2f}", f"expected {blind:.2f}"
    if abs(loss - blind) <= TOLERANCE * blind:
        return Finding(PASS, what, against)
    return Finding(
        WARNING,
        what,
        against,
        cause="the last layer starts too large, or the loss does not fit the scores (a softmax before the loss?)",
        remedy="start the last layer with smaller weights, and hand raw scores to the loss",
    )
