"""From many scored boxes of a picture to those that are told."""

from dataclasses import dataclass

from torch import Tensor

from ...geometry.nms import batched_nms
from ...geometry.objects import Detections

CANDIDATES = 1000  # of a picture, the surest, that go into suppression


@dataclass(frozen=True)
class Choosing:
    """score_threshold: chance below which nothing is told. nms_threshold: overlap (IoU) above which, of two boxes of a
    class, the less sure goes. most: objects told of a picture."""

    score_threshold: float = 0.05
    nms_threshold: float = 0.5
    most: int = 100

    def __post_init__(self) -> None:
        for name in ("score_threshold", "nms_threshold"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1, for example 0.5; got {getattr(self, name)}")
        if self.most < 1:
            raise ValueError(f"most, the objects told of a picture, must be at least 1; got {self.most}")

    def __call__(self, boxes: Tensor, chances: Tensor) -> Detections:
        """Of one picture: boxes (N, 4), one for all classes, or (N, K, 4), and chances (N, K) in [0, 1]."""
        row, label = (chances > self.score_threshold).nonzero(as_tuple=True)
        scores = chances[row, label]
        if len(scores) > CANDIDATES:
            scores, best = scores.topk(CANDIDATES)
            row, label = row[best], label[best]
        boxes = boxes[row] if boxes.ndim == 2 else boxes[row, label]
        wide = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(1)  # what lies outside the picture has been cut to nothing
        boxes, scores, label = boxes[wide], scores[wide], label[wide]
        kept = batched_nms(boxes, scores, label, self.nms_threshold)[: self.most]
        return Detections(boxes[kept], scores[kept], label[kept])
