"""Are the classes of marked objects those of the list: from 0 on, none out of range, none that never comes?"""

import torch

from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, WARNING, Finding
from ..instruments import dense
from ._copy import patient

BATCHES, SECONDS = 200, 3.0
ENOUGH = 20  # objects a class after which one that never came is not just rare


def examine(task: Task) -> list[Finding]:
    if dense.offers(task, "marks") is None:
        return [Finding(PASS, "no objects are marked")]
    names = list(task.classes)  # type: ignore[arg-type]
    with patient(task) as copy:
        labels = [
            targets.labels[targets.labels >= 0].cpu()
            for targets in (copy.marks(batch) for batch in dense.batches(copy, BATCHES, SECONDS))  # type: ignore[operator]
        ]
    found = torch.cat(labels)
    if not len(found):
        return [_nothing()]
    return [_judge(found, names)]


def _nothing() -> Finding:
    return Finding(
        WARNING,
        "no object is marked in the first epoch",
        "some",
        cause="every mark was left out",
        remedy="look at what the importer left out, and why",
        kind="no_objects",
        where="marks",
        weight=0.8,
    )


def _judge(found: torch.Tensor, names: list[str]) -> Finding:
    k, counts = len(names), torch.bincount(found)
    low, high = int(found.min()), int(found.max())
    if high >= k:
        shifted = low >= 1 and high == k
        return Finding(
            BLOCKER,
            f"classes run from {low} to {high}, and the list has {k}: 0, {names[0]}, to {k - 1}, {names[-1]}",
            f"0 to {k - 1}",
            cause="classes are counted from 1, as in COCO's files or where 0 is the background"
            if shifted
            else "the list of classes is that of another set, or ids with gaps were taken as they are",
            remedy="subtract 1 from every class" if shifted else "number the classes by their place in the list",
            kind="classes_shifted",
            where="classes",
            weight=1.0,
            defect=True,
        )
    absent = [i for i in range(k) if i >= len(counts) or not int(counts[i])]
    if absent and len(found) >= ENOUGH * k:
        first = absent == [0]
        return Finding(
            WARNING if first and k > 1 else NOTE,
            f"{_listed(absent, names)} never came among {len(found)} objects",
            "every class of the list",
            cause="the first may be the background, which is no class of objects: all others are one too high"
            if first
            else "the training part has none, or their names are spelled otherwise",
            remedy="leave the background out of the list, and count from 0"
            if first
            else "leave the class out of the list, or find objects of it",
            kind="classes_shifted" if first else "class_missing",
            where="classes",
            weight=0.6 if first else 0.2,
        )
    return Finding(PASS, f"{len(found)} objects of {k} classes", f"0 to {k - 1}")


def _listed(absent: list[int], names: list[str]) -> str:
    said = ", ".join(f"{i} ({names[i]})" for i in absent[:5]) + (" ..." if len(absent) > 5 else "")
    return f"class {said}" if len(absent) == 1 else f"classes {said}"
