"""May all marked objects be found at once, or does the suppression of duplicates take neighbours of a class away?"""

import torch
from torch import Tensor

from ...engine.task import Task
from ...geometry.nms import batched_nms
from ...geometry.objects import Targets
from ..finding import NOTE, PASS, WARNING, Finding
from ..instruments import dense
from ._copy import patient

BATCHES, SECONDS = 40, 3.0
SOME, MANY = 0.02, 0.10  # share of the objects that can never be found beside their neighbours
FEWEST = 50  # objects
HIGHER = (0.5, 0.6, 0.7, 0.8, 0.9)


def examine(task: Task) -> list[Finding]:
    threshold = dense.offers(task, "suppression")
    if threshold is None or dense.offers(task, "marks") is None:
        return [Finding(PASS, "no box is suppressed for another")]
    with patient(task) as copy:
        marked = [copy.marks(batch) for batch in dense.batches(copy, BATCHES, SECONDS)]  # type: ignore[operator]
    n = sum(int((targets.labels >= 0).sum()) for targets in marked)
    if n < FEWEST:
        return [Finding(PASS, f"{n} objects in the first batches: too few to judge")]
    lost = eaten(marked, threshold) / n
    what = f"at an IoU of {threshold:g}, {lost:.1%} of {n} objects would go for a neighbour of their class"
    if lost <= SOME:
        return [Finding(PASS, what)]
    higher = [at for at in HIGHER if at > threshold]
    left = {at: eaten(marked, at) / n for at in higher}
    best = next((at for at in higher if left[at] <= lost / 4), higher[-1] if higher else threshold)
    said = f"nms_threshold={best:g} would lose {left[best]:.1%}; soft suppression" if higher else "soft suppression"
    return [
        Finding(
            WARNING if lost > MANY else NOTE,
            f"{what}: at most {1 - lost:.0%} can be found",
            f"at most {SOME:.0%}",
            cause="objects of a class overlap more than the threshold allows two answers to",
            remedy=f"{said} lowers scores instead of taking boxes away",
            kind="neighbours_suppressed",
            where="nms_threshold",
            change={"nms_threshold": best},
            weight=0.6 if lost > MANY else 0.3,
        )
    ]


def eaten(marked: list[Targets], threshold: float) -> int:
    """Objects that suppression at this IoU takes away from the truth itself, the larger first."""
    total = 0
    for targets in marked:
        for i in range(len(targets.labels)):
            rows = targets.real(i)
            boxes, labels = targets.boxes[i][rows].float(), targets.labels[i][rows]
            total += len(rows) - len(batched_nms(boxes, _areas(boxes), labels, threshold))
    return total


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1) if len(boxes) else torch.zeros(0)
