"""What a detector found beside what is marked, in a few numbers: is anything found, in its place, by its name?"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...geometry import boxes as box

PLACED = 0.5  # IoU from which a box is in its place
SURE = 0.05  # chance below which an answer is not told
SHIFTS = (-1, 1)
FEWEST = 3  # objects of a class of which one may be odd


def figures(found: Sequence[Any], marked: Sequence[Any]) -> dict[str, float]:
    """{} of nothing marked. found: of each picture boxes (N, 4), scores (N,), labels (N,); marked: boxes (M, 4),
    labels (M,) and, if there are such, crowd (M,); as attributes or as a mapping, tensors or arrays.

    found_objects, found_answers: how many are marked and told. found_placed: share of the objects with an answer in
    their place, whatever its class. found_named: of these, share whose surest answer there names them; found_shifted:
    the share that it would name if all classes moved by found_shift. found_classes: classes that are called so.
    """
    n, answers, placed = 0, 0, list[tuple[int, int]]()
    for one, truth in zip(found, marked, strict=True):
        boxes, scores, labels = (_of(one, name) for name in ("boxes", "scores", "labels"))
        told = scores >= SURE
        boxes, scores, labels = boxes.reshape(-1, 4)[told], scores[told], labels[told].long()
        objects, classes = _of(truth, "boxes").reshape(-1, 4), _of(truth, "labels").long()
        crowd = _of(truth, "crowd", absent=torch.zeros(len(classes))).bool()
        objects, classes = objects[~crowd], classes[~crowd]
        n, answers = n + len(classes), answers + len(scores)
        placed += _placed(boxes, scores, labels, objects, classes)
    if not n:
        return {}
    numbers = {"found_objects": float(n), "found_answers": float(answers), "found_placed": len(placed) / n}
    if not placed:
        return numbers
    off = torch.tensor([said - true for said, true in placed])
    shares = {by: float((off == by).float().mean()) for by in (0, *SHIFTS)}
    shift = max(SHIFTS, key=lambda by: shares[by])
    return numbers | {
        "found_named": shares[0],
        "found_shifted": shares[shift],
        "found_shift": float(shift),
        "found_classes": float(len(_moved(placed, shift))),
    }


def _moved(placed: list[tuple[int, int]], shift: int) -> list[int]:
    """True classes most of whose objects are called by the class beside: of what always says one class there is one."""
    said: dict[int, list[int]] = {}
    for answer, true in placed:
        said.setdefault(true, []).append(answer)
    return [k for k, answers in said.items() if len(answers) >= FEWEST and answers.count(k + shift) > len(answers) / 2]


def _placed(boxes: Tensor, scores: Tensor, labels: Tensor, objects: Tensor, classes: Tensor) -> list[tuple[int, int]]:
    """(class said, true class) of every object that has an answer in its place: that of the surest one."""
    if not len(boxes) or not len(objects):
        return []
    there = box.iou(objects, boxes) >= PLACED  # (M, N)
    best = torch.where(there, scores, -1.0).argmax(1)
    return [(int(labels[best[i]]), int(classes[i])) for i in torch.nonzero(there.any(1)).flatten().tolist()]


def _of(one: Any, name: str, absent: Tensor | None = None) -> Tensor:
    value = one.get(name) if isinstance(one, Mapping) else getattr(one, name, None)
    if value is None:
        if absent is None:
            raise ValueError(f"'{name}' is missing in what was found or marked; give boxes, scores and labels")
        return absent
    return torch.as_tensor(value).detach().cpu().float()
