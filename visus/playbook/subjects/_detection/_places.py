"""Boxes where they usually are, whatever the picture shows: what a detector finds that does not look."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ....data.annotations import Objects
from ....geometry.boxes import iou
from ....geometry.objects import Detections

HIT = 0.5  # intersection over union from which a box has found an object
ROUNDS = 10  # of k-means; places settle sooner
PARTS = ("boxes", "scores", "labels")

Boxes = NDArray[np.float64]


def mean_boxes(marked: Sequence[Objects], n_classes: int) -> Detections:
    """One box a class, at its mean place, as sure as its class is frequent. marked: objects of the training pictures.

    A class that is never seen gets none.
    """
    boxes = [_of_class(marked, label) for label in range(n_classes)]
    seen = [label for label, some in enumerate(boxes) if len(some)]
    share = [np.mean([(_real(one) == label).any() for one in marked]) for label in seen]
    return _detections(np.array([boxes[label].mean(0) for label in seen]).reshape(-1, 4), share, seen)


def usual_places(marked: Sequence[Objects], n_classes: int, most: int = 100) -> Detections:
    """As many boxes a class as a picture has of it on average, where they cover most, at most `most` in all.

    Each is the mean of a group of its class's boxes (k-means of their corners); its score is the share of pictures in
    which it hits something of its class.
    """
    places: list[Detections] = []
    for label in range(n_classes):
        boxes = _of_class(marked, label)
        if len(boxes):
            holding = sum((_real(one) == label).any() for one in marked)
            centres = _groups(boxes, min(len(boxes), max(1, round(len(boxes) / holding))))
            places.append(_detections(centres, _hits(centres, marked, label), [label] * len(centres)))
    if not places:
        return _detections(np.empty((0, 4)), [], [])
    all_of_them = Detections(*(torch.cat([getattr(one, part) for one in places]) for part in PARTS))
    return all_of_them.at(all_of_them.scores.argsort(descending=True, stable=True)[:most])


def _hits(centres: Boxes, marked: Sequence[Objects], label: int) -> list[float]:
    """The share of pictures in which each box covers an object of a class well enough."""
    hit = np.zeros(len(centres))
    for one in marked:
        boxes = one.boxes[_real(one) == label]
        if len(boxes):
            hit += (iou(torch.from_numpy(centres), torch.from_numpy(boxes)) >= HIT).any(1).numpy()
    share: list[float] = (hit / len(marked)).tolist()
    return share


def _groups(boxes: Boxes, k: int) -> Boxes:
    """The means (k, 4) of k groups of boxes (N, 4), from starts spread over the boxes from left to right."""
    ordered = boxes[np.lexsort(boxes.T[::-1])]
    centres = ordered[np.linspace(0, len(boxes) - 1, k).round().astype(int)].copy()
    for _ in range(ROUNDS):
        nearest = ((boxes[:, None] - centres) ** 2).sum(2).argmin(1)
        centres = np.stack([boxes[nearest == i].mean(0) if (nearest == i).any() else centres[i] for i in range(k)])
    return centres


def _of_class(marked: Sequence[Objects], label: int) -> Boxes:
    return np.concatenate([np.empty((0, 4)), *(one.boxes[_real(one) == label] for one in marked)])


def _real(one: Objects) -> NDArray[np.int64]:
    """Labels, with regions of many as no class."""
    return np.where(one.crowd, -1, one.labels)


def _detections(boxes: Boxes, scores: Sequence[float], labels: Sequence[int]) -> Detections:
    return Detections(
        torch.as_tensor(np.asarray(boxes), dtype=torch.float32),
        torch.as_tensor(np.asarray(scores), dtype=torch.float32),
        torch.as_tensor(np.asarray(labels), dtype=torch.int64),
    )
