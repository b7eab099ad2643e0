"""Does an example's score depend on the other examples in its batch?"""

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective
from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ._copy import descending, first_batch, patient, unexamined
from ._look import look

EXAMPLES = 4
ROUNDING = 1e-4  # a matrix product may sum in another order when the batch has another size


@torch.no_grad()
def examine(task: Task) -> list[Finding]:
    """Scores of one example alone and beside others must agree, in evaluation mode (batch norm may mix in training)."""
    with patient(task) as copy:
        batch = first_batch(copy, EXAMPLES)
        copy.eval()
        if hasattr(task, "predict"):
            return [_judge(copy.predict(batch[0]), copy.predict(batch[0][:1]))]  # type: ignore[operator]
        found = [_outputs(copy, objective, batch) for objective in descending(copy)]
        return [
            _judge(*pair) if pair else unexamined("no network was seen to answer one example alone") for pair in found
        ]


def _outputs(task: Task, objective: Objective, batch: Batch) -> tuple[Tensor, Tensor] | None:
    """What the network answers to the batch and to its first example alone; None if those do not compare."""
    together = look(task, objective, batch).outputs
    alone = look(task, objective, tuple(column[:1] for column in batch)).outputs
    if together is None or alone is None or together.ndim == 0 or len(together) % len(batch[0]):
        return None
    share = len(together) // len(batch[0])  # rows of one example: a sequence flattened into the batch has several
    return (together, alone) if len(alone) == share and alone.shape[1:] == together.shape[1:] else None


def _judge(together: Tensor, alone: Tensor) -> Finding:
    difference = float((together[: len(alone)] - alone).abs().max())
    scale = max(1.0, float(together.abs().max()))
    if difference <= ROUNDING * scale:
        return Finding(PASS, "no leak across the batch", f"largest difference {difference:.0e}")
    return Finding(
        BLOCKER,
        f"an example's scores change by {difference:.1e} with its neighbours in the batch",
        f"at most {ROUNDING * scale:.0e}",
        cause="a view, reshape or normalisation mixes the batch with another dimension",
        remedy="look for view() after permute(), and statistics taken over dimension 0 in evaluation mode",
        kind="batch_leak",
        where="model",
        weight=0.7,
    )
