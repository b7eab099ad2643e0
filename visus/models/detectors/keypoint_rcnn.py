"""Keypoint R-CNN: Faster R-CNN that also places the keypoints of what it finds (He et al., 2017, section 5).

Five losses by name: rpn_objectness, rpn_box, class, box, keypoint. With layout=torchvision and a resnet50 it is, name
by name, torchvision's `keypointrcnn_resnet50_fpn`, and its weights for people fit.
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
    stride: int = 4,
    width: int = 64,
    hidden: int = 256,
    anchors: str = "",
    proposals: int = 300,
    sampled: int = 64,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
    most: int = 100,
    n_keypoints: int = 17,
    keypoint_width: int = 64,
    keypoint_layers: int = 4,
) -> Detector:
    """As `faster_rcnn`. n_keypoints: of an object; the recipe reads it off the data. keypoint_width, keypoint_layers:
    channels and convolutions of the branch, whose maps have 56 x 56 places.

    pyramid: several maps, from `stride` to 32, each knowing what the coarser ones know; else the one of `stride`.

    width: channels of the maps. hidden: of the two layers that judge a region. anchors: sides in pixels for each map,
    as 16,24;32,48;64,96; left out, the recipe reads them off the objects. proposals: regions of a picture that are
    judged. sampled: that are learned from. score_threshold, nms_threshold, most: see `Choosing`. layout: torchvision
    fixes all but the last three as they were for the published weights. Raises ValueError for what cannot be.
    """
    own: dict[str, Any] = {"pyramid": pyramid, "stride": stride, "width": width, "hidden": hidden}
    own |= {"anchors": anchors, "proposals": proposals, "sampled": sampled}
    points = (n_keypoints, *((512, 8) if layout == "torchvision" else (keypoint_width, keypoint_layers)))
    choosing = Choosing(score_threshold, nms_threshold, most)
    return _building.two_stage(
        n_classes, backbone, layout, choosing=choosing, keypoints=points, **_building.arrangement(layout, own)
    )


def from_data(data: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The number of keypoints, and the anchors that suit the objects of the training part, where none were given.

    Raises ValueError for data without keypoints.
    """
    if not data.keypoint_names:
        raise ValueError(f"no keypoints are marked in {data.origin}; take model=faster_rcnn, or mask_rcnn for masks")
    return {"n_keypoints": len(data.keypoint_names)} | _building.fitting_anchors(data, settings)


def deepest(settings: Mapping[str, Any]) -> int:
    """The stride of the last map that is looked at."""
    return _building.deepest(settings)
