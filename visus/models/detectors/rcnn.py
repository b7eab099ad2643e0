"""R-CNN: every proposed region is warped to a square and goes through a network of its own (Girshick et al., 2014).

Three parts learn from the same regions. A softmax tunes the network. On its features, which they do not change, linear
SVMs, one for each class, say what a region is, and linear regressions, one for each class, how it is to be moved. The
paper fits these two afterwards, on features written to disk; here they descend beside the softmax, so that one loop
trains everything, a run resumes exactly and no second pass over 2,000 regions a picture is needed.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...geometry.boxes import clip, decode, encode, iou
from ...geometry.objects import Detections, Targets
from ..backbone import Backbone
from ._choosing import Choosing
from ._contract import Detector, at_least_float32
from ._regions import Regional, filled, learned_from, pictures_of, usable, warped

CONTEXT = 16 / 227  # share of the square that shows what is around the region (appendix A)
WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of moves: their usual deviations are 0.1 and 0.2 of a side
SURE, APART = 0.7, 0.3  # IoU from which a region is an example of its class to the SVMs, and below which of none
LENGTH = 10.0  # that features are brought to, for the SVMs: their margin is then in a fixed unit
STEEPNESS = 3.0  # a margin of -1, a sure no, becomes a chance of 0.05
AT_ONCE = 256  # regions that go through the network together


class RCNN(Regional):
    """Standardised pictures (B, 3, H, W) and proposals (B, P, 4) -> what is in each."""

    SURROGATES = ("svm", "box")  # of features that they do not change

    def __init__(
        self,
        see: Backbone,
        n_classes: int,
        side: int,
        hidden: int,
        sampled: int,
        choosing: Choosing,
        proposer: str,
        n_proposals: int,
    ) -> None:
        super().__init__(proposer, n_proposals)
        self.see, self.stride, self.side, self.sampled = see, max(see.channels), side, sampled
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
        n_features = 4 * see.channels[self.stride]
        self.describe = nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU())
        self.tune = nn.Linear(hidden, 1 + n_classes)
        self.svm = nn.Linear(hidden, n_classes)
        self.move = nn.Linear(n_features, 4 * n_classes)
        for layer in (self.tune, self.svm, self.move):
            nn.init.normal_(layer.weight, std=0.001)
            nn.init.zeros_(layer.bias)
        self.choosing = choosing

    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        found = []
        for image, own in zip(images, usable(proposals), strict=True):
            pieces = [self._judged(image[None], [some]) for some in own.split(AT_ONCE)]
            margins, moves = (torch.cat([piece[i] for piece in pieces]) for i in range(2))
            boxes = clip(decode(moves, own[:, None].to(moves), WEIGHTS), *images.shape[2:])  # (P, K, 4)
            found.append(self.choosing(boxes, (STEEPNESS * margins).sigmoid()))
        return found

    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """class in nats, of the softmax; svm as hinge loss; box as squared weighted moves: means over regions."""
        regions, rows, labels = learned_from(filled(usable(targets.proposals)), targets, self.sampled)
        pooled, features = self.features(images, regions)
        picture, region, row, label = pictures_of(regions), torch.cat(regions), torch.cat(rows), torch.cat(labels)
        n = max(1, len(label))
        tuned = F.cross_entropy(at_least_float32(self.tune(features)), label, reduction="sum")
        truth = torch.zeros_like(region) if not targets.boxes.shape[1] else targets.boxes[picture, row].to(region)
        margins = self.margins(features.detach())
        (on,) = torch.nonzero(label > 0, as_tuple=True)
        moves = self.moves(pooled.detach())[on, label[on] - 1]
        off = (moves - encode(truth[on], region[on], WEIGHTS).to(moves)).square().sum()
        overlap = iou(region[:, None], truth[:, None])[:, 0, 0]
        return {"class": tuned / n, "svm": hinge(margins, label, overlap).sum() / n, "box": off / n}

    def features(self, images: Tensor, regions: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The pooled last map (K, D) of each region (n, 4) of each picture, and what is made of it (K, hidden)."""
        crops = warped(images, regions, self.side, CONTEXT)
        pooled = self.pool(self.see(crops)[self.stride])
        return pooled, self.describe(pooled)

    def margins(self, features: Tensor) -> Tensor:
        """(K, hidden) -> how far each region is on the class's side of its SVM, (K, classes)."""
        return at_least_float32(self.svm(LENGTH * F.normalize(at_least_float32(features), dim=1)))

    def moves(self, pooled: Tensor) -> Tensor:
        """(K, D) -> a move for each class (K, classes, 4)."""
        return at_least_float32(self.move(pooled)).unflatten(1, (-1, 4))

    def _judged(self, image: Tensor, regions: list[Tensor]) -> tuple[Tensor, Tensor]:
        pooled, features = self.features(image, regions)
        return self.margins(features), self.moves(pooled)


def hinge(margins: Tensor, labels: Tensor, overlap: Tensor) -> Tensor:
    """The hinge loss of one SVM a class: margins (N, K), labels (N,) from 1 with 0 for none, overlap (N,) -> (N,).

    A region is an example of its class if it overlaps the object well, and of none if hardly; between, it is left out
    for that class (the paper's 0.3, and its true boxes widened to what overlaps them by 0.7).
    """
    own = F.one_hot(labels, margins.shape[1] + 1)[:, 1:].bool()
    yes, unsure = own & (overlap >= SURE)[:, None], own & (overlap < SURE)[:, None]
    near = ((labels == 0) & (overlap >= APART))[:, None]
    violated = (1 - torch.where(yes, margins, -margins)).clamp(min=0)
    return torch.where(unsure | near, 0.0, violated).sum(1)


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone,
    side: int = 64,
    hidden: int = 256,
    sampled: int = 32,
    proposer: str = "selective_search",
    n_proposals: int = 2000,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.3,
    most: int = 100,
) -> Detector:
    """side: pixels of the square that regions are warped to. hidden: features that the SVMs look at.

    sampled: regions of a picture that are learned from at a time, a quarter of them objects. proposer: selective_search
    or sliding_window. n_proposals: regions of a picture. score_threshold, nms_threshold, most: see `Choosing`. Raises
    ValueError or LookupError for what cannot be.
    """
    if side < 32:
        raise ValueError(f"side must be at least 32 pixels for the network to see anything; got {side}")
    choosing = Choosing(score_threshold, nms_threshold, most)
    return RCNN(backbone, n_classes, side, hidden, sampled, choosing, proposer, n_proposals)
