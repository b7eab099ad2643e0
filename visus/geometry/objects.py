"""Objects in pictures, as what is to be learned and as what was found: what data, detectors and measures hand on."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

NOTHING, CROWD = -1, -2  # labels of rows that only fill a batch up, and of regions that count neither way


@dataclass(frozen=True)
class Targets:
    """What is marked in a batch of B pictures, in pixels of the pictures as they are given to the model.

    labels: int64 (B, N), a class, NOTHING or CROWD. boxes: float32 (B, N, 4), x1, y1, x2, y2. masks: uint8
    (B, N, H, W) of 0 and 1, or None. keypoints: float32 (B, N, K, 3), x, y and 0 not marked, 1 hidden, 2 seen, or None.
    proposals: float32 (B, P, 4) for detectors that are given regions; rows without area fill up; or None.
    """

    labels: Tensor
    boxes: Tensor
    masks: Tensor | None = None
    keypoints: Tensor | None = None
    proposals: Tensor | None = None

    def real(self, picture: int) -> Tensor:
        """Rows of one picture that are objects to be found."""
        return torch.nonzero(self.labels[picture] >= 0).flatten()

    def crowds(self, picture: int) -> Tensor:
        """Rows of one picture that are regions of many."""
        return torch.nonzero(self.labels[picture] == CROWD).flatten()


@dataclass(frozen=True)
class Detections:
    """What is found in one picture, the surest first.

    boxes: float32 (N, 4) in pixels of the picture. scores: (N,) in 0..1. labels: int64 (N,). masks: the chance of each
    place of the box to be the object, float32 (N, m, m), to be pasted (`geometry.masks.paste`), or None. keypoints:
    float32 (N, K, 3), x, y and score, or None.
    """

    boxes: Tensor
    scores: Tensor
    labels: Tensor
    masks: Tensor | None = None
    keypoints: Tensor | None = None

    def __len__(self) -> int:
        return len(self.scores)

    def at(self, rows: Tensor) -> "Detections":
        """Some of them, by rows or by a mask of rows."""
        return Detections(*(None if part is None else part[rows] for part in vars(self).values()))  # type: ignore[arg-type]

    def cpu(self) -> "Detections":
        moved = {name: part.cpu() for name, part in vars(self).items() if part is not None}
        return replace(self, **moved)


@dataclass(frozen=True)
class Matching:
    """How the M objects of a batch meet the places that a detector answers from: its anchors, or the cells of its maps.

    sides: (M, 2), width and height in pixels. taken: (M,), places that learn to tell the object. overlap: (M,), the
    best IoU of any prior box with it, and wanted: the IoU from which a place learns it anyhow; None and 0 where places
    are chosen in another way. shapes: (A, 2), width and height of the prior boxes, of all maps.
    """

    sides: Tensor
    taken: Tensor
    overlap: Tensor | None = None
    wanted: float = 0.0
    shapes: Tensor | None = None
