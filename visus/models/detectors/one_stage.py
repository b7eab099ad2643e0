"""A one-stage detector: every cell of three maps says at once whether an object has its centre there, which, and where.

After YOLO (Redmon et al., 2016) and its anchor-free form YOLOX (Ge et al., 2021). As in YOLO a cell answers with
5 + K numbers: a box, the IoU this box will have (objectness), and a chance for each class. Differs from YOLO: maps of
several strides joined from coarse to fine (Lin et al., 2017), one prior box a cell, which an object meets on the map
where it is nearest in size, more cells than one learn an object, and boxes are learned by GIoU.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...geometry.boxes import area, clip, decode, paired_giou, to_centre
from ...geometry.objects import CROWD, Detections, Matching, Targets
from ...layers.pyramid import Pyramid
from ..backbone import Backbone
from ._choosing import Choosing
from ._contract import Detector, at_least_float32

RARE = 0.01  # the chance of an object that a fresh network gives every cell: nearly all are background
FINEST, COARSEST = 8, 32  # strides of the maps
SPAN = 5.0  # sides of a prior box in strides
MOST = 0.98  # share of objects whose sizes decide which maps are needed
NOBODY = -1  # in place of an object's row: no object is this cell's


class Head(nn.Module):
    """A map (B, width, h, w) -> what each cell says (B, h * w, 5 + K): objectness, four box deltas, classes."""

    def __init__(self, width: int, n_classes: int) -> None:
        super().__init__()
        self.what, self.where = _conv(width, width, 3), _conv(width, width, 3)
        self.classes, self.box = nn.Conv2d(width, n_classes, 1), nn.Conv2d(width, 5, 1)
        for layer in (self.classes, self.box):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
        assert self.box.bias is not None
        nn.init.constant_(self.box.bias[:1], -math.log((1 - RARE) / RARE))

    def forward(self, x: Tensor) -> Tensor:
        said = torch.cat([self.box(self.where(x)), self.classes(self.what(x))], 1)
        return said.flatten(2).transpose(1, 2)


class OneStage(Detector):
    """Standardised pictures (B, 3, H, W) -> what is in each."""

    SURROGATES = ("objectness",)  # its truth is the IoU of the box as it is now, held fixed in the gradient

    def __init__(
        self,
        see: Backbone,
        channels: dict[int, int],
        n_classes: int,
        coarsest: int,
        width: int,
        span: float,
        radius: float,
        weights: tuple[float, float, float],
        choosing: Choosing,
    ) -> None:
        super().__init__()
        self.see, self.seen = see, sorted(channels)
        self.strides = [stride for stride in self.seen if stride <= coarsest]
        self.join = Pyramid([channels[stride] for stride in self.seen], width)
        for behind in range(len(self.strides), len(self.seen)):  # no head: it only tells the finer ones what it knows
            self.join.layer_blocks[behind] = nn.Identity()
        self.heads = nn.ModuleList(Head(width, n_classes) for _ in self.strides)
        self.span, self.radius, self.weights = span, radius, weights
        self.choosing = choosing

    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        said, priors = self.said(images)
        chance = said[..., :1].sigmoid() * said[..., 5:].sigmoid()  # (B, cells, K)
        boxes = clip(decode(said[..., 1:5], priors), *images.shape[2:])
        return [self.choosing(*one) for one in zip(boxes, chance, strict=True)]

    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """objectness and class in nats, box in 1 - GIoU; each a sum divided by the cells that have an object."""
        said, priors = self.said(images)
        rows = self.responsible(targets, priors)
        busy = rows >= 0  # (B, cells)
        picture, cell = busy.nonzero(as_tuple=True)
        mine = targets.boxes[picture, rows[busy]].to(said)
        n = max(1, len(mine))
        overlap = paired_giou(decode(said[busy][:, 1:5], priors[cell]), mine)
        objectness = torch.zeros_like(said[..., 0])
        objectness[busy] = overlap.detach().clamp(min=0)
        counted = busy | ~self._in_crowd(targets, priors)
        surprise = F.binary_cross_entropy_with_logits(said[..., 0], objectness, reduction="none")
        truth = F.one_hot(targets.labels[picture, rows[busy]], said.shape[-1] - 5).to(said)
        classes = F.binary_cross_entropy_with_logits(said[busy][:, 5:], truth, reduction="sum")
        parts = ((surprise * counted).sum(), classes, (1 - overlap).sum())
        names = ("objectness", "class", "box")
        return {name: w * part / n for name, w, part in zip(names, self.weights, parts, strict=True)}

    def said(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What every cell says (B, cells, 5 + K), and the prior boxes (cells, 4): squares in pixels around them."""
        found = self.see(images)
        maps = self.join([found[stride] for stride in self.seen])[: len(self.strides)]
        said = at_least_float32(torch.cat([head(x) for head, x in zip(self.heads, maps, strict=True)], 1))
        return said, self.priors([x.shape[2:] for x in maps]).to(said)

    def priors(self, sizes: Sequence[Sequence[int]]) -> Tensor:
        """The prior boxes (cells, 4) of maps of (h, w) cells each."""
        found = []
        for (h, w), stride in zip(sizes, self.strides, strict=True):
            y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            centres = torch.stack([x, y], -1).reshape(-1, 2) * stride + stride / 2
            half = self.span * stride / 2
            found.append(torch.cat([centres - half, centres + half], 1))
        return torch.cat(found)

    @torch.no_grad()
    def responsible(self, targets: Targets, priors: Tensor) -> Tensor:
        """The row of the object that each cell is to tell, int64 (B, cells), or NOBODY.

        An object is told on the map whose prior box is nearest to it in size, by the cell that its centre lies in and
        by those cells inside it that are at most `radius` strides away. Of several objects a cell takes the smallest.
        """
        boxes = targets.boxes.to(priors)
        centres, cells = to_centre(boxes), to_centre(priors)
        stride = cells[:, 2] / self.span
        sides = area(boxes).clamp(min=1).sqrt()  # (B, N)
        levels = self.span * torch.tensor(self.strides, device=priors.device, dtype=priors.dtype)
        nearest = (sides[..., None] / levels).log().abs().argmin(-1)
        here = levels[nearest][..., None] == cells[:, 2]  # (B, N, cells)
        away = (centres[..., None, :2] - cells[:, :2]).abs().amax(-1) / stride
        inside = ((boxes[..., None, :2] < cells[:, :2]) & (cells[:, :2] < boxes[..., None, 2:])).all(-1)
        owns = here & ((away <= 0.5) | (away <= self.radius) & inside) & (targets.labels >= 0)[..., None]
        size = torch.where(owns, sides[..., None], torch.inf)
        if not size.shape[1]:
            return torch.full((len(boxes), len(priors)), NOBODY, device=priors.device)
        least, row = size.min(1)
        return torch.where(least.isfinite(), row, NOBODY)

    @torch.no_grad()
    def matching(self, images: Tensor, targets: Targets) -> Matching:
        """How many cells learn to tell each object of a batch."""
        rows = self.responsible(targets, self.said(images)[1])
        taken = torch.zeros_like(targets.labels).scatter_add_(1, rows.clamp(min=0), (rows >= 0).long())
        real = targets.labels >= 0
        return Matching((targets.boxes[..., 2:] - targets.boxes[..., :2])[real], taken[real])

    def _in_crowd(self, targets: Targets, priors: Tensor) -> Tensor:
        """Cells (B, cells) whose centre lies in a region of many: what they say is neither right nor wrong."""
        boxes, cells = targets.boxes.to(priors)[:, :, None], to_centre(priors)[:, :2]
        inside = ((boxes[..., :2] <= cells) & (cells <= boxes[..., 2:])).all(-1)
        return (inside & (targets.labels == CROWD)[..., None]).any(1)


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone,
    coarsest: int = COARSEST,
    width: int = 64,
    span: float = SPAN,
    radius: float = 1.5,
    objectness_weight: float = 1.0,
    class_weight: float = 1.0,
    box_weight: float = 5.0,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
    most: int = 100,
) -> Detector:
    """coarsest: stride of the coarsest map that tells objects, the finest is 8; the recipe reads it off their sizes.

    width: channels of the joined maps. span: strides that an object spans on the map that tells it, about. radius:
    strides from its centre within which cells tell it. score_threshold, nms_threshold, most: see `Choosing`. Raises
    ValueError for what cannot be, and for a backbone without such maps.
    """
    channels = {stride: n for stride, n in backbone.channels.items() if FINEST <= stride <= COARSEST}
    if not channels or coarsest < min(channels):
        raise ValueError(
            f"one_stage looks at maps of stride {FINEST} to {coarsest}, and this backbone has those of stride "
            f"{', '.join(map(str, sorted(backbone.channels)))}; take another backbone or a larger coarsest"
        )
    if min(width, span, radius) <= 0:
        raise ValueError(f"width, span and radius must be above 0; got {width}, {span:g} and {radius:g}")
    weights = objectness_weight, class_weight, box_weight
    choosing = Choosing(score_threshold, nms_threshold, most)
    return OneStage(backbone, channels, n_classes, coarsest, width, span, radius, weights, choosing)


def from_data(data: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The coarsest map that the training part has objects for: a head for sizes that never come would learn nothing."""
    if "coarsest" in settings:
        return {}
    marked = [data.objects[row] for row in data.rows("train").tolist()]
    boxes = np.concatenate([one.boxes[~one.crowd] for one in marked])
    if not len(boxes):
        return {}
    side = float(np.quantile(np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(1)), MOST))
    strides = [FINEST * 2**octave for octave in range((COARSEST // FINEST).bit_length())]
    span = settings.get("span", SPAN)
    return {"coarsest": min(strides, key=lambda stride: abs(math.log(side / (span * stride))))}


def _conv(n_in: int, n_out: int, field: int) -> nn.Sequential:
    layer = nn.Conv2d(n_in, n_out, field, padding=field // 2, bias=False)  # the batch norm that follows has one
    return nn.Sequential(layer, nn.BatchNorm2d(n_out), nn.ReLU(inplace=True))
