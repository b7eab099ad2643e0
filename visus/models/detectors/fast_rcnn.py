"""Fast R-CNN: one map of the whole picture, from which every proposed region is pooled and judged (Girshick, 2015).

What costs R-CNN a pass through the network for every region is done once for all of them. Two losses: class, over the
classes and background, and box, a move for each class. Differs from the paper: background regions are drawn from all
that overlap objects by less than 0.5, not by 0.1 to 0.5.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...geometry.boxes import clip, decode, encode
from ...geometry.objects import Detections, Targets
from ...layers.roi import roi_pool
from ..backbone import Backbone
from ._choosing import Choosing
from ._contract import Detector
from ._heads import Judge, TwoLayers
from ._regions import Regional, filled, learned_from, pictures_of, usable

WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of moves: their usual deviations are 0.1 and 0.2 of a side
CELLS = 7  # along a side of a pooled region


class FastRCNN(Regional):
    """Standardised pictures (B, 3, H, W) and proposals (B, P, 4) -> what is in each."""

    def __init__(
        self,
        see: Backbone,
        n_classes: int,
        stride: int,
        width: int,
        hidden: int,
        sampled: int,
        choosing: Choosing,
        proposer: str,
        n_proposals: int,
    ) -> None:
        super().__init__(proposer, n_proposals)
        self.see, self.stride = see, stride
        self.narrow = nn.Sequential(nn.Conv2d(see.channels[stride], width, 1), nn.ReLU())
        self.trunk = TwoLayers(width * CELLS**2, hidden)
        self.judge = Judge(hidden, 1 + n_classes)
        self.sampled, self.choosing = sampled, choosing

    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        regions = usable(proposals)
        scores, moves = self.judged(images, regions)
        counts = [len(one) for one in regions]
        found = []
        for chance, move, own in zip(scores.softmax(1).split(counts), moves.split(counts), regions, strict=True):
            boxes = clip(decode(move, own[:, None], WEIGHTS), *images.shape[2:])  # (P, 1 + K, 4)
            found.append(self.choosing(boxes[:, 1:], chance[:, 1:]))
        return found

    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """class in nats; box as smooth L1 of weighted moves, a sum over regions of objects divided by all regions."""
        proposals = filled(usable(targets.proposals))
        regions, rows, labels = learned_from(proposals, targets, self.sampled)
        scores, moves = self.judged(images, regions)
        picture, region, row, label = pictures_of(regions), torch.cat(regions), torch.cat(rows), torch.cat(labels)
        (on,) = torch.nonzero(label > 0, as_tuple=True)
        wanted = encode(targets.boxes[picture[on], row[on]].to(region), region[on], WEIGHTS).to(moves)
        off = F.smooth_l1_loss(moves[on, label[on]], wanted, reduction="sum")
        n = max(1, len(label))
        return {"class": F.cross_entropy(scores, label, reduction="sum") / n, "box": off / n}

    def judged(self, images: Tensor, regions: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Scores (K, 1 + classes) and moves (K, 1 + classes, 4) of the regions (n, 4) of each picture."""
        features = self.narrow(self.see(images)[self.stride])
        pooled = roi_pool(features, regions, CELLS, features.shape[3] / images.shape[3])
        found: tuple[Tensor, Tensor] = self.judge(self.trunk(pooled))
        return found


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone,
    stride: int = 8,
    width: int = 128,
    hidden: int = 256,
    sampled: int = 64,
    proposer: str = "selective_search",
    n_proposals: int = 2000,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
    most: int = 100,
) -> Detector:
    """stride: of the map that regions are pooled from. width: its channels. hidden: units of the two layers that judge.

    sampled: regions of a picture that are learned from at a time, a quarter of them objects. proposer: selective_search
    or sliding_window. n_proposals: regions of a picture. score_threshold, nms_threshold, most: see `Choosing`. Raises
    ValueError or LookupError for what cannot be.
    """
    if stride not in backbone.channels:
        raise ValueError(f"stride must be one of {', '.join(map(str, sorted(backbone.channels)))}; got {stride}")
    choosing = Choosing(score_threshold, nms_threshold, most)
    return FastRCNN(backbone, n_classes, stride, width, hidden, sampled, choosing, proposer, n_proposals)


def deepest(settings: Mapping[str, Any]) -> int:
    """The stride of the last map that is looked at."""
    return int(settings.get("stride", 8))
