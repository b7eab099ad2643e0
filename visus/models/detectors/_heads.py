"""What is said of each region of a picture: its class and box, its mask, its keypoints. Names as in torchvision.

Sources: Girshick, 2015 (Fast R-CNN); He et al., 2017 (Mask R-CNN), figure 4, right.
"""

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...layers.roi import roi_align
from ._contract import at_least_float32

UNSURE = 0.001  # deviation of the last weights of masks and keypoints: every place is as likely, the loss starts low


class TwoLayers(nn.Module):
    """Cut-outs (K, C, h, w) -> features (K, hidden)."""

    def __init__(self, n_in: int, hidden: int) -> None:
        super().__init__()
        self.fc6, self.fc7 = nn.Linear(n_in, hidden), nn.Linear(hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.fc7(self.fc6(x.flatten(1)).relu()).relu()
        return hidden


class Judge(nn.Module):
    """Features (K, hidden) -> scores (K, 1 + classes), background first, and moves (K, 1 + classes, 4)."""

    def __init__(self, hidden: int, n_outputs: int) -> None:
        super().__init__()
        self.cls_score, self.bbox_pred = nn.Linear(hidden, n_outputs), nn.Linear(hidden, 4 * n_outputs)
        for layer, deviation in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):  # Girshick, 2015, section 4.1
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return at_least_float32(self.cls_score(x)), at_least_float32(self.bbox_pred(x)).unflatten(1, (-1, 4))


def mask_layers(n_in: int, width: int, n_layers: int) -> nn.Sequential:
    """Convolutions over the cut-outs of regions, (K, n_in, m, m) -> (K, width, m, m)."""
    sizes = [n_in, *[width] * n_layers]
    blocks = [nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU()) for a, b in pairwise(sizes)]
    _he(blocks)
    return nn.Sequential(*blocks)


class MaskJudge(nn.Module):
    """(K, width, m, m) -> a mask for each class (K, 1 + classes, 2m, 2m), logits."""

    def __init__(self, width: int, n_outputs: int) -> None:
        super().__init__()
        self.conv5_mask = nn.ConvTranspose2d(width, width, 2, 2)
        self.mask_fcn_logits = nn.Conv2d(width, n_outputs, 1)
        _he([self])
        nn.init.normal_(self.mask_fcn_logits.weight, std=UNSURE)

    def forward(self, x: Tensor) -> Tensor:
        return at_least_float32(self.mask_fcn_logits(self.conv5_mask(x).relu()))


def keypoint_layers(n_in: int, width: int, n_layers: int) -> nn.Sequential:
    """Convolutions over the cut-outs of regions, (K, n_in, m, m) -> (K, width, m, m)."""
    sizes = [n_in, *[width] * n_layers]
    blocks: list[nn.Module] = []
    for a, b in pairwise(sizes):
        blocks += [nn.Conv2d(a, b, 3, padding=1), nn.ReLU()]
    _he(blocks)
    return nn.Sequential(*blocks)


class KeypointJudge(nn.Module):
    """(K, width, m, m) -> a map of each keypoint (K, n_keypoints, 4m, 4m), logits over its places."""

    def __init__(self, width: int, n_keypoints: int) -> None:
        super().__init__()
        self.kps_score_lowres = nn.ConvTranspose2d(width, n_keypoints, 4, 2, padding=1)
        _he([self])
        nn.init.normal_(self.kps_score_lowres.weight, std=UNSURE)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(
            at_least_float32(self.kps_score_lowres(x)), scale_factor=2, mode="bilinear", align_corners=False
        )


def mask_loss(
    logits: Tensor, labels: Tensor, regions: Tensor, masks: Tensor, rows: Tensor, aligned: bool = True
) -> Tensor:
    """Binary cross-entropy of the true class's masks alone, so that classes do not compete (He et al., 2017).

    logits: (K, 1 + classes, M, M); labels: (K,) true classes, background 0; regions: (K, 4); masks: uint8 (N, H, W);
    rows: (K,) the mask of each region. aligned: as of the cut-outs. On an edge the truth lies between 0 and 1.
    """
    if not len(labels):
        return 0 * logits.sum()
    own = logits[torch.arange(len(labels), device=labels.device), labels]
    used, place = rows.unique(return_inverse=True)
    listed = torch.cat([place[:, None].to(regions), regions], 1)
    wanted = roi_align(masks[used][:, None].to(own), listed, logits.shape[2], 1.0, 0, aligned)[:, 0]
    return F.binary_cross_entropy_with_logits(own, wanted.to(own))


def keypoint_loss(logits: Tensor, regions: Tensor, keypoints: Tensor) -> Tensor:
    """Cross-entropy over the places of each keypoint's map, of keypoints that are marked and lie in the region.

    logits: (K, P, M, M); regions: (K, 4); keypoints: (K, P, 3), x, y and 0 for not marked.
    """
    side = logits.shape[-1]
    corner, size = regions[:, None, :2], (regions[:, None, 2:] - regions[:, None, :2]).clamp(min=1e-6)
    places = ((keypoints[..., :2] - corner) / size * side).floor().long()
    edge = (keypoints[..., :2] == regions[:, None, 2:]).long()  # a point on the far edge is in the last place
    places = places - edge
    counted = ((places >= 0) & (places < side)).all(-1) & (keypoints[..., 2] > 0)
    if not bool(counted.any()):
        return 0 * logits.sum()
    return F.cross_entropy(logits.flatten(2)[counted], (places[..., 1] * side + places[..., 0])[counted])


def placed(logits: Tensor, regions: Tensor) -> Tensor:
    """Maps of keypoints (K, P, M, M) over regions (K, 4) -> x, y and score (K, P, 3): each map's highest place.

    A map is enlarged to its region's pixels between its own, by cubic curves (He et al., 2017, appendix A).
    """
    found = logits.new_zeros(*logits.shape[:2], 3)
    for row, (own, region) in enumerate(zip(logits, regions, strict=True)):
        width, height = (region[2:] - region[:2]).clamp(min=1).tolist()
        w, h = int(-(-width // 1)), int(-(-height // 1))
        large = F.interpolate(own[None], size=(h, w), mode="bicubic", align_corners=False)[0].flatten(1)
        score, place = large.max(1)
        x, y = (place % w).to(own) + 0.5, (place // w).to(own) + 0.5
        found[row, :, 0] = x * (width / w) + region[0]
        found[row, :, 1] = y * (height / h) + region[1]
        found[row, :, 2] = score
    return found


def _he(modules: Iterable[nn.Module]) -> None:
    for module in modules:
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
