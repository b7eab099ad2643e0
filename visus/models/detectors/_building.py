"""A two-stage detector put together: small for a processor, or exactly as torchvision's with ResNet-50."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...geometry.anchors import Anchors
from ..backbone import Backbone
from ._choosing import Choosing
from ._rpn import RegionProposals
from ._two_stage import RegionHeads, Trunk, TwoStage

COARSEST = 32  # pixels: stride of the last map of every backbone
RATIOS = (0.5, 1.0, 2.0)  # height over width of anchors
PER_STRIDE = 4, 8  # anchor sides in strides, where the data says nothing
ON_EACH_MAP, ON_A_SINGLE_MAP = 2, 5  # sizes of anchors where they are read off the data
MIDDLE = 0.02, 0.98  # shares of objects between whose sizes the anchors are spread: the odd ones do not decide
SMALLEST = 4  # pixels: an anchor below it would see a point
TORCHVISION_SIZES = ((32,), (64,), (128,), (256,), (512,))
TORCHVISION_STRIDES = (4, 8, 16, 32)


def two_stage(
    n_classes: int,
    backbone: Backbone,
    layout: str,
    *,
    pyramid: bool,
    stride: int,
    width: int,
    hidden: int,
    anchors: str,
    proposals: int,
    sampled: int,
    choosing: Choosing,
    mask: tuple[int, int] | None = None,
    keypoints: tuple[int, int, int] | None = None,
) -> TwoStage:
    """See `faster_rcnn.build`. mask: width and layers of the branch; keypoints: how many, width and layers."""
    if layout == "torchvision":
        strides, extra, before = list(TORCHVISION_STRIDES), True, 1000
        if missing := set(strides) - set(backbone.channels):
            raise ValueError(f"layout=torchvision needs maps of stride {min(missing)}; take backbone=resnet50")
        laid = Anchors(TORCHVISION_SIZES, [RATIOS] * 5, [*strides, 64])
    else:
        strides, extra, before = levels(stride, pyramid, backbone.channels), False, max(1000, proposals)
        sizes = read_anchors(anchors) or [[s * side for side in PER_STRIDE] for s in strides]
        if len(sizes) != len(strides) or len(set(map(len, sizes))) != 1:
            raise ValueError(
                f"anchors='{anchors}' are for {len(sizes)} maps and this detector looks at {len(strides)}, each with "
                f"as many sizes; write {len(strides)} lists as in '16,24;32,48', or leave anchors out"
            )
        laid = Anchors(sizes, [RATIOS] * len(strides), strides, centred=True)
    return TwoStage(
        Trunk(backbone, strides, width, pyramid, extra),
        RegionProposals(width, laid.per_place[0], before, proposals),
        RegionHeads(1 + n_classes, width, hidden, mask, keypoints),
        laid,
        sampled=sampled,
        choosing=choosing,
        aligned=layout != "torchvision",
    )


def levels(stride: int, pyramid: bool, there: Iterable[int]) -> list[int]:
    """The strides of the maps that are looked at: one, or from `stride` on all that are there, COARSEST at most.

    Raises ValueError for a stride that is not there.
    """
    known = sorted(there)
    if stride not in known:
        raise ValueError(
            f"stride must be one of {', '.join(map(str, known))}, the pixels between places of the backbone's maps; "
            f"got {stride}"
        )
    return [s for s in known if stride <= s <= COARSEST] if pyramid else [stride]


def read_anchors(text: str) -> list[list[float]]:
    """'14,21;32,48' -> [[14, 21], [32, 48]], the sides in pixels on each map. Raises ValueError for anything else."""
    try:
        found = [[float(side) for side in own.split(",")] for own in text.split(";")] if text else []
    except ValueError:
        found = [[0.0]]
    if not all(side > 0 and math.isfinite(side) for own in found for side in own):
        raise ValueError(f"anchors are sides in pixels, a list for each map as in '14,21;32,48'; got '{text}'")
    return found


def fitting_anchors(data: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The setting `anchors` for the objects of a training part: sizes spread evenly, in octaves, over theirs.

    data: see `data.prepared_objects`. settings: the detector's own, and `strides`, those of the backbone's maps.
    """
    if settings.get("anchors") or settings["layout"] == "torchvision":
        return {}
    boxes = np.concatenate(
        [one.boxes[~one.crowd] for one in (data.objects[row] for row in data.rows("train").tolist())]
    )
    if not len(boxes):
        return {}
    sides = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    low, high = np.quantile(sides, MIDDLE)
    pyramid = settings["pyramid"]
    strides = levels(settings["stride"], pyramid, settings["strides"])
    each = ON_EACH_MAP if pyramid else ON_A_SINGLE_MAP
    found = np.geomspace(max(low, SMALLEST), max(high, SMALLEST * 1.5), each * len(strides)).round(1)
    return {"anchors": written(found.reshape(len(strides), each).tolist())}


def written(sizes: Sequence[Sequence[float]]) -> str:
    """The inverse of `read_anchors`."""
    return ";".join(",".join(f"{side:g}" for side in own) for own in sizes)


def arrangement(layout: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings, with those that torchvision's layout fixes put in their place."""
    fixed = {"pyramid": True, "width": 256, "hidden": 1024, "proposals": 1000, "sampled": 512, "stride": 4}
    return settings | fixed if layout == "torchvision" else settings


def deepest(settings: Mapping[str, Any]) -> int:
    """The stride of the last map that a detector with these settings looks at."""
    single = not settings.get("pyramid", True) and settings.get("layout") != "torchvision"
    return int(settings["stride"]) if single else COARSEST
