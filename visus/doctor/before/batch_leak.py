"""Does an example's score depend on the other examples in its batch?"""

from collections.abc import Callable

import torch
from torch import Tensor

from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..finding import BLOCKER, PASS, SEVERITIES, Finding
from ..instruments import dense
from ._copy import descending, first_batch, patient, unexamined
from ._look import look

EXAMPLES = 4
ENDS = (0, -1)  # rows looked at: where time is taken for the batch, what is first knows nothing of what follows
SUREST = 20  # answers to a picture
ROUNDING = 1e-4  # kernels may sum in another order


@torch.no_grad()
def examine(task: Task) -> list[Finding]:
    """Scores of one example beside others and beside copies of itself must agree, in evaluation mode.

    In training mode batch norm may mix. Both batches have one size and one seed, so that noise drawn inside is alike.
    """
    with patient(task) as copy:
        others = first_batch(copy, EXAMPLES)
        copy.eval()
        if dense.offers(task, "marks") is not None:
            # What the loss is computed of are regions drawn at random: what is told of a picture is compared.
            found = [[_detected(copy, others, at)] for at in ENDS]
        elif hasattr(task, "predict"):
            found = [[_predicted(copy.predict, others[0], at)] for at in ENDS]  # type: ignore[arg-type]
        else:
            found = [[_examine(copy, objective, others, at) for objective in descending(copy)] for at in ENDS]
        return [max(both, key=lambda finding: SEVERITIES.index(finding.severity)) for both in zip(*found, strict=True)]


def _alone(column: Tensor, at: int) -> Tensor:
    """One example beside copies of itself."""
    return column[[at]].repeat(len(column), *[1] * (column.ndim - 1))


def _predicted(answer: Callable[[Tensor], Tensor], inputs: Tensor, at: int) -> Finding:
    made = []
    for batch in (inputs, _alone(inputs, at)):
        with own_randomness(0):
            made.append(answer(batch)[[at]])
    return _judge(*made)


def _detected(task: Task, others: Batch, at: int) -> Finding:
    """By the scores of what is found in a picture, the surest first."""
    answer = getattr(task, "look", None)
    if answer is None:
        return unexamined("the task does not tell what it finds in pictures")
    told = []
    for batch in (others, tuple(_alone(column, at) for column in others)):
        with own_randomness(0):
            told.append(answer(batch[0], task.marks(batch).proposals)[at].scores[:SUREST])  # type: ignore[operator]
    n = min(map(len, told))  # rounding may decide about one more at the threshold
    return _judge(told[0][:n], told[1][:n]) if n else Finding(PASS, "nothing is found yet")


def _examine(task: Task, objective: Objective, others: Batch, at: int) -> Finding:
    """By what the network is seen to answer while the loss is computed."""
    itself = tuple(_alone(column, at) for column in others)
    answers = []
    for batch in (others, itself):
        with own_randomness(0):
            outputs = look(task, objective, batch).outputs
        if outputs is None or outputs.ndim == 0 or len(outputs) % len(batch[0]):
            return unexamined("no network was seen to give an answer for each example")
        # An example has several rows where a sequence was flattened into the batch.
        rows = len(outputs) // len(batch[0])
        answers.append(outputs[at * rows :][:rows] if at >= 0 else outputs[-rows:])
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
        remedy="look for view() after permute(), for batch_first=True where batches come first, and for statistics "
        "taken over dimension 0 in evaluation mode",
        kind="batch_leak",
        where="model",
        weight=0.7,
    )
