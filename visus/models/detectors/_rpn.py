"""The region proposal network: at each place of a map, is there an object, and how far off is each anchor?

Source: Ren et al., 2015 (Faster R-CNN), section 3.1. Module names as in torchvision.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...geometry import boxes as box
from ...geometry.nms import batched_nms
from ...geometry.objects import Matching, Targets
from ._contract import at_least_float32
from ._sampling import AN_OBJECT, assigned, drawn

OBJECT, BACKGROUND = 0.7, 0.3  # IoU from which, and below which, an anchor is one
SAMPLED, POSITIVE = 256, 0.5  # anchors of a picture that are learned from, and the share of objects among them
TOO_SMALL = 1e-3  # pixels: a side of a proposal that is none
KNEE = 1 / 9  # of the smooth L1 loss, in anchor sides


class Head(nn.Module):
    """Maps (B, C, H, W) -> for each anchor of each place a score (B, H W A) and a move (B, H W A, 4)."""

    def __init__(self, width: int, n_anchors: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU()))
        self.cls_logits = nn.Conv2d(width, n_anchors, 1)
        self.bbox_pred = nn.Conv2d(width, 4 * n_anchors, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(x)
        scores = self.cls_logits(x).permute(0, 2, 3, 1).flatten(1)
        moves = self.bbox_pred(x).permute(0, 2, 3, 1).reshape(len(x), -1, 4)
        return at_least_float32(scores), at_least_float32(moves)


class RegionProposals(nn.Module):
    """Maps -> boxes that may hold an object.

    before, after: boxes of a level that enter suppression, and of a picture that leave it. overlap: of suppression.
    """

    def __init__(self, width: int, n_anchors: int, before: int, after: int, overlap: float = 0.7) -> None:
        super().__init__()
        self.head = Head(width, n_anchors)
        self.before, self.after, self.overlap = before, after, overlap

    def forward(self, maps: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Scores (B, N) and moves (B, N, 4) of each level's anchors."""
        return [self.head(x) for x in maps]

    @torch.no_grad()
    def propose(
        self, said: Sequence[tuple[Tensor, Tensor]], anchors: Sequence[Tensor], size: tuple[int, int]
    ) -> list[Tensor]:
        """The boxes (P, 4) of each picture, P at most `after`, the likeliest first. anchors: (N, 4) of each level."""
        regions, scores, levels = [], [], []
        for level, ((chance, moves), own) in enumerate(zip(said, anchors, strict=True)):
            best, rows = chance.topk(min(self.before, chance.shape[1]))
            moved = moves.gather(1, rows[..., None].expand(-1, -1, 4))
            regions.append(box.clip(box.decode(moved, own[rows]), *size))
            scores.append(best)
            levels.append(torch.full_like(rows, level))
        every, chances, groups = torch.cat(regions, 1), torch.cat(scores, 1), torch.cat(levels, 1)
        sides = every[..., 2:] - every[..., :2]
        whole = (sides >= TOO_SMALL).all(-1) & torch.isfinite(chances)
        found = []
        for corners, chance, group, usable in zip(every, chances, groups, whole, strict=True):
            corners, chance, group = corners[usable], chance[usable], group[usable]
            found.append(corners[batched_nms(corners, chance, group, self.overlap)[: self.after]])
        return found

    def terms(
        self, said: Sequence[tuple[Tensor, Tensor]], anchors: Sequence[Tensor], targets: Targets
    ) -> dict[str, Tensor]:
        """Is there an object: binary cross-entropy of the anchors drawn; and where: smooth L1 of those on an object."""
        scores, moves = (torch.cat([pair[i] for pair in said], 1) for i in range(2))
        every = torch.cat(list(anchors))
        place, label = assigned(every, targets, OBJECT, BACKGROUND, rescue=True)
        rows, real, positive = drawn(label, SAMPLED, POSITIVE)  # (B, 256)
        picked = scores.gather(1, rows)
        loss = F.binary_cross_entropy_with_logits(picked, positive.to(picked), reduction="none")
        n = real.sum().clamp(min=1)
        which, row = (positive & real).nonzero(as_tuple=True)
        row = rows[which, row]
        wanted = box.encode(targets.boxes[which, place[which, row]].to(every), every[row])
        off = F.smooth_l1_loss(moves[which, row], wanted.to(moves), beta=KNEE, reduction="sum")
        return {"rpn_objectness": (loss * real).sum() / n, "rpn_box": off / n}

    @torch.no_grad()
    def matching(self, anchors: Tensor, targets: Targets) -> Matching:
        """How the objects of a batch meet anchors (N, 4): those that `terms` would draw from."""
        real = targets.labels >= 0
        boxes = targets.boxes.to(anchors)
        overlap = box.iou(anchors.expand(len(boxes), -1, -1), boxes).amax(1)[real]
        row, label = assigned(anchors, targets, OBJECT, BACKGROUND, rescue=True)
        taken = torch.zeros_like(targets.labels).scatter_add_(1, row, (label == AN_OBJECT).long())[real]
        sides = (anchors[:, 2:] - anchors[:, :2]).unique(dim=0)
        return Matching((boxes[..., 2:] - boxes[..., :2])[real], taken, overlap, OBJECT, sides)
