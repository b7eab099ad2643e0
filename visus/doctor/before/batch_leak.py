"""Does an example's score depend on the other examples in its batch?"""

import torch

from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ._copy import first_batch, patient

EXAMPLES = 4
ROUNDING = 1e-4  # a matrix product may sum in another order when the batch has another size


@torch.no_grad()
def examine(task: Task) -> list[Finding]:
    """Scores of one example alone and beside others must agree, in evaluation mode (batch norm may mix in training)."""
    predict = getattr(task, "predict", None)
    if predict is None:
        return []
    with patient(task) as copy:
        inputs = first_batch(copy, EXAMPLES)[0]
        together = copy.predict(inputs)  # type: ignore[operator]
        alone = copy.predict(inputs[:1])  # type: ignore[operator]
    difference = float((together[:1] - alone).abs().max())
    if difference <= ROUNDING:
        return [Finding(PASS, "no leak across the batch", f"largest difference {difference:.0e}")]
    return [
        Finding(
            BLOCKER,
            f"an example's scores change by {difference:.1e} with its neighbours in the batch",
            f"at most {ROUNDING:.0e}",
            cause="a view, reshape or normalisation mixes the batch with another dimension",
            remedy="look for view() after permute(), and statistics taken over dimension 0 in evaluation mode",
        )
    ]
