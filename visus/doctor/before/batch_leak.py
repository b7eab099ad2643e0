"""Does an example's score depend on the other examples in its batch?"""

from collections.abc import Callable

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ._copy import descending, first_batch, patient, unexamined
from ._look import look

EXAMPLES = 4
ROUNDING = 1e-4  # kernels may sum in another order


@torch.no_grad()
def examine(task: Task) -> list[Finding]:
    """Scores of one example beside others and beside copies of itself must agree, in evaluation mode.

    In training mode batch norm may mix. Both batches have one size and one seed, so that noise drawn inside is alike.
    """
    with patient(task) as copy:
        others = first_batch(copy, EXAMPLES)
        itself = tuple(column[:1].repeat(len(column), *[1] * (column.ndim - 1)) for column in others)
        copy.eval()
        if hasattr(task, "predict"):
            return [_judge(*(_seeded(copy.predict, batch[0]) for batch in (others, itself)))]  # type: ignore[arg-type]
        return [_examine(copy, objective, others, itself) for objective in descending(copy)]


def _seeded(answer: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    with own_randomness(0):
        return answer(inputs)[:1]


def _examine(task: Task, objective: Objective, others: Batch, itself: Batch) -> Finding:
    """By what the network is seen to answer while the loss is computed."""
    answers = []
    for batch in (others, itself):
        with own_randomness(0):
            outputs = look(task, objective, batch).outputs
        if outputs is None or outputs.ndim == 0 or len(outputs) % len(batch[0]):
            return unexamined("no network was seen to give an answer for each example")
        # An example has several rows where a sequence was flattened into the batch.
        answers.append(outputs[: len(outputs) // len(batch[0])])
    return _judge(*answers)


def _judge(beside_others: Tensor, beside_itself: Tensor) -> Finding:
    difference = float((beside_others - beside_itself).abs().max())
    scale = max(1.0, float(beside_others.abs().max()))
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
