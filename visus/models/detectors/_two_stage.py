"""Detectors that look twice: first where something is, then what it is and where exactly (Ren et al., 2015).

Pictures -> maps -> proposals -> cut-outs -> class, box and, where there is a branch for it, mask or keypoints. Names of
modules are torchvision's, so that its published weights load.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...geometry import boxes as box
from ...geometry.anchors import Anchors
from ...geometry.objects import Detections, Matching, Targets
from ...layers.pyramid import Pyramid
from ...layers.roi import pyramid_roi_align
from ..backbone import Backbone, maps
from . import _heads
from ._choosing import Choosing
from ._contract import Detector
from ._rpn import RegionProposals
from ._sampling import assigned, drawn

WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of moves: their usual deviations are 0.1 and 0.2 (Girshick's code of 2015)
KNEE = 1 / 9  # of the smooth L1 loss, in weighted moves
CUT_OUT = 7  # bins along a side of what the class is told from
MASK_CUT_OUT = 14
OBJECT, POSITIVE = 0.5, 0.25  # IoU from which a region is an object, and the share of such among those learned from


class Trunk(nn.Module):
    """Float pictures -> maps by stride: a backbone's, all of one width.

    With a pyramid each knows what the coarser ones know; without, a single map is brought to that width.
    """

    def __init__(self, backbone: Backbone, strides: Sequence[int], width: int, pyramid: bool, extra: bool) -> None:
        super().__init__()
        self.body, self.strides = backbone.network, list(strides)
        self.layers = {stride: name for stride, name in backbone.layers.items() if stride in strides}
        channels = [backbone.channels[stride] for stride in strides]
        self.fpn = Pyramid(channels, width, extra) if pyramid else nn.Conv2d(channels[0], width, 1)

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        seen = list(maps(self.body, self.layers, images).values())
        made = self.fpn(seen) if isinstance(self.fpn, Pyramid) else [self.fpn(seen[0]).relu()]
        strides = [*self.strides, 2 * self.strides[-1]]
        return dict(zip(strides, made, strict=False))


class RegionHeads(nn.Module):
    """The branches that judge regions; those for masks and keypoints only where they are asked for."""

    def __init__(
        self,
        n_outputs: int,
        width: int,
        hidden: int,
        mask: tuple[int, int] | None = None,
        keypoints: tuple[int, int, int] | None = None,
    ) -> None:
        """mask: width and number of layers. keypoints: how many, width and number of layers."""
        super().__init__()
        self.box_head = _heads.TwoLayers(width * CUT_OUT**2, hidden)
        self.box_predictor = _heads.Judge(hidden, n_outputs)
        if mask:
            self.mask_head = _heads.mask_layers(width, *mask)
            self.mask_predictor = _heads.MaskJudge(mask[0], n_outputs)
        if keypoints:
            self.keypoint_head = _heads.keypoint_layers(width, *keypoints[1:])
            self.keypoint_predictor = _heads.KeypointJudge(keypoints[1], keypoints[0])

    def judge(self, cut_outs: Tensor) -> tuple[Tensor, Tensor]:
        """(K, C, 7, 7) -> scores (K, 1 + classes) and moves (K, 1 + classes, 4)."""
        found: tuple[Tensor, Tensor] = self.box_predictor(self.box_head(cut_outs))
        return found

    def masks(self, cut_outs: Tensor) -> Tensor:
        """(K, C, 14, 14) -> logits (K, 1 + classes, 28, 28)."""
        found: Tensor = self.mask_predictor(self.mask_head(cut_outs))
        return found

    def keypoints(self, cut_outs: Tensor) -> Tensor:
        """(K, C, 14, 14) -> logits (K, P, 56, 56)."""
        found: Tensor = self.keypoint_predictor(self.keypoint_head(cut_outs))
        return found


class TwoStage(Detector):
    """Float pictures (B, 3, H, W) -> what is in each.

    sampled: regions of a picture that are learned from. choosing: which of the judged boxes are told. aligned: pixels
    of cut-outs lie at halves; published weights were trained half a pixel off.
    """

    SURROGATES = ("class", "box", "mask", "keypoint")  # terms on proposals, through which no gradient goes

    def __init__(
        self,
        backbone: Trunk,
        rpn: RegionProposals,
        roi_heads: RegionHeads,
        anchors: Anchors,
        *,
        sampled: int,
        choosing: Choosing,
        aligned: bool,
    ) -> None:
        super().__init__()
        self.backbone, self.rpn, self.roi_heads, self.anchors = backbone, rpn, roi_heads, anchors
        self.sampled, self.choosing, self.aligned = sampled, choosing, aligned
        self.NEEDS = tuple(name for name in ("masks", "keypoints") if hasattr(roi_heads, f"{name.rstrip('s')}_head"))

    def propose(self, images: Tensor) -> tuple[dict[int, Tensor], list[Tensor], list[tuple[Tensor, Tensor]]]:
        """The maps by stride, the proposals (P, 4) of each picture, and what was said of every anchor."""
        features = self.backbone(images)
        said = self.rpn(list(features.values()))
        return features, self.rpn.propose(said, self.places(features), images.shape[2:]), said  # type: ignore[arg-type]

    def places(self, features: Mapping[int, Tensor]) -> list[Tensor]:
        """The anchors (N, 4) of each map."""
        some = next(iter(features.values()))
        kind = torch.promote_types(some.dtype, torch.float32)
        sizes = [(x.shape[2], x.shape[3]) for x in features.values()]
        return [one.to(kind) for one in self.anchors(sizes, some.device)]

    def describe(self, features: Mapping[int, Tensor], regions: Sequence[Tensor], side: int) -> Tensor:
        """The regions (n, 4) of each picture cut out of the maps: (K, C, side, side)."""
        looked_at = {stride: features[stride] for stride in self.backbone.strides}
        return pyramid_roi_align(looked_at, regions, side, 2, self.aligned)

    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        features, proposals, said = self.propose(images)
        found = self.rpn.terms(said, self.places(features), targets)
        regions, rows, labels = self._regions(proposals, targets)
        scores, moves = self.roi_heads.judge(self.describe(features, regions, CUT_OUT))
        which = torch.cat([torch.full_like(own, i) for i, own in enumerate(rows)])
        every, row, label = torch.cat(regions), torch.cat(rows), torch.cat(labels)
        found["class"] = F.cross_entropy(scores, label)
        (on,) = torch.nonzero(label > 0, as_tuple=True)
        wanted = box.encode(targets.boxes[which[on], row[on]].to(every), every[on], WEIGHTS)
        off = F.smooth_l1_loss(moves[on, label[on]], wanted.to(moves), beta=KNEE, reduction="sum")
        found["box"] = off / max(1, len(label))
        if self.NEEDS:
            objects = [own[taken > 0] for own, taken in zip(regions, labels, strict=True)]
            cut_outs = self.describe(features, objects, MASK_CUT_OUT)
            found |= self._more_terms(cut_outs, every[on], which[on], row[on], label[on], targets)
        return found

    def _more_terms(
        self, cut_outs: Tensor, regions: Tensor, which: Tensor, row: Tensor, label: Tensor, targets: Targets
    ) -> dict[str, Tensor]:
        """Terms of masks and keypoints, of regions (K, 4) that are objects."""
        found = {}
        if "masks" in self.NEEDS:
            assert targets.masks is not None
            n = targets.masks.shape[1]
            logits = self.roi_heads.masks(cut_outs)
            masks = targets.masks.flatten(0, 1)
            found["mask"] = _heads.mask_loss(logits, label, regions, masks, which * n + row, self.aligned)
        if "keypoints" in self.NEEDS:
            assert targets.keypoints is not None
            points = targets.keypoints[which, row].to(regions)
            found["keypoint"] = _heads.keypoint_loss(self.roi_heads.keypoints(cut_outs), regions, points)
        return found

    @torch.no_grad()
    def _regions(
        self, proposals: Sequence[Tensor], targets: Targets
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Of each picture the regions (n, 4) that are learned from, its object's row, its class, 0 for none.

        The true boxes are among the candidates: early proposals miss every object.
        """
        truth = torch.where((targets.labels >= 0)[..., None], targets.boxes.to(proposals[0]), 0.0)
        most = max(map(len, proposals))
        filled = torch.stack([F.pad(one, (0, 0, 0, most - len(one))) for one in proposals])
        candidates = torch.cat([filled, truth], 1)
        place, taken = assigned(candidates, targets, OBJECT, OBJECT)
        rows, real, positive = drawn(taken, self.sampled, POSITIVE)
        place = place.gather(1, rows)
        label = torch.where(positive, targets.labels.gather(1, place) + 1, 0) if targets.labels.shape[1] else 0 * place
        corners = candidates.gather(1, rows[..., None].expand(-1, -1, 4))
        split = [(c[r], p[r], k[r]) for c, p, k, r in zip(corners, place, label, real, strict=True)]
        return [s[0] for s in split], [s[1] for s in split], [s[2] for s in split]

    @torch.no_grad()
    def matching(self, images: Tensor, targets: Targets) -> Matching:
        """How the objects of a batch meet the anchors, as the proposals learn from them."""
        every = torch.cat(self.places(self.backbone(images)))
        return self.rpn.matching(every, targets)

    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        features, regions, _ = self.propose(images)
        scores, moves = self.roi_heads.judge(self.describe(features, regions, CUT_OUT))
        counts = [len(one) for one in regions]
        found = [
            self._chosen(*one, images.shape[2:])  # type: ignore[arg-type]
            for one in zip(scores.softmax(1).split(counts), moves.split(counts), regions, strict=True)
        ]
        if not self.NEEDS:
            return found
        cut_outs = self.describe(features, [one.boxes for one in found], MASK_CUT_OUT)
        counts = [len(one) for one in found]
        return self._with_more(found, cut_outs, counts)

    def _chosen(self, chances: Tensor, moves: Tensor, regions: Tensor, size: tuple[int, int]) -> Detections:
        """One picture's regions (P, 4) as what is found there: each class's box where its chance is high enough."""
        corners = box.clip(box.decode(moves, regions[:, None], WEIGHTS), *size)
        return self.choosing(corners[:, 1:], chances[:, 1:])

    def _with_more(self, found: list[Detections], cut_outs: Tensor, counts: list[int]) -> list[Detections]:
        """What was found with its masks (N, 28, 28) or keypoints (N, P, 3)."""
        masks: Sequence[Tensor | None] = [None] * len(found)
        points: Sequence[Tensor | None] = [None] * len(found)
        if "masks" in self.NEEDS:
            labels = torch.cat([one.labels for one in found])
            logits = self.roi_heads.masks(cut_outs)
            own = logits[torch.arange(len(labels), device=labels.device), labels + 1]
            masks = own.sigmoid().split(counts)
        if "keypoints" in self.NEEDS:
            logits = self.roi_heads.keypoints(cut_outs)
            points = _heads.placed(logits, torch.cat([one.boxes for one in found])).split(counts)
        return [
            Detections(one.boxes, one.scores, one.labels, mask, point)
            for one, mask, point in zip(found, masks, points, strict=True)
        ]
