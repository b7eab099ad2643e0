"""Faster R-CNN: a network proposes regions and judges them on the same maps (Ren et al., 2015).

Four losses by name: rpn_objectness, rpn_box, class, box. With layout=torchvision and a resnet50 it is, name by name,
torchvision's `fasterrcnn_resnet50_fpn`, and its weights for COCO fit.
"""

from collections.abc import Mapping
from typing import Any, Literal

from ..backbone import Backbone
from . import _building
from ._choosing import Choosing
from ._contract import Detector


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone,
    layout: Literal["small", "torchvision"] = "small",
    pyramid: bool = True,
    stride: int = 8,
    width: int = 64,
    hidden: int = 256,
    anchors: str = "",
    proposals: int = 300,
    sampled: int = 64,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
    most: int = 100,
) -> Detector:
    """pyramid: several maps, from `stride` to 32, each knowing what the coarser ones know; else the one of `stride`.

    width: channels of the maps. hidden: of the two layers that judge a region. anchors: sides in pixels for each map,
    as 16,24;32,48;64,96; left out, the recipe reads them off the objects. proposals: regions of a picture that are
    judged. sampled: that are learned from. score_threshold, nms_threshold, most: see `Choosing`. layout: torchvision
    fixes all but the last three as they were for the published weights. Raises ValueError for what cannot be.
    """
    own: dict[str, Any] = {"pyramid": pyramid, "stride": stride, "width": width, "hidden": hidden}
    own |= {"anchors": anchors, "proposals": proposals, "sampled": sampled}
    choosing = Choosing(score_threshold, nms_threshold, most)
    return _building.two_stage(n_classes, backbone, layout, choosing=choosing, **_building.arrangement(layout, own))


def from_data(data: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The anchors that suit the objects of the training part, where none were given."""
    return _building.fitting_anchors(data, settings)


def deepest(settings: Mapping[str, Any]) -> int:
    """The stride of the last map that is looked at."""
    return _building.deepest(settings)
