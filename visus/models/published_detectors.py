"""Detectors that torchvision's authors published for COCO: which file is whose, and which of its outputs is what.

They are for detectors built with layout=torchvision on a resnet50, and for pictures standardised as for ImageNet. The
files are fetched, checked and kept as `published` does it.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from ..data.download import Progress
from . import published
from .published import Release

COCO = "coco"  # what the weights are called in a setting
BACKBONE = "resnet50"
SETTINGS: Mapping[str, str | bool] = {"layout": "torchvision"}
BACKGROUND = "background"

# Source: torchvision 0.28, the weights called COCO_V1; top1 stands for COCO's box AP in percent.
RELEASES = {
    "faster_rcnn": Release("fasterrcnn_resnet50_fpn_coco-258fb6c6.pth", 37.0, SETTINGS),
    "mask_rcnn": Release("maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth", 37.9, SETTINGS),
    "keypoint_rcnn": Release("keypointrcnn_resnet50_fpn_coco-fc266e95.pth", 54.6, SETTINGS),
}
OF_CLASSES = (
    "roi_heads.box_predictor.",
    "roi_heads.mask_predictor.mask_fcn_logits.",
)  # modules with rows for each class
PEOPLE = ("keypoint_rcnn",)  # detectors that tell people from background and nothing else
# COCO's categories 1 to 90 in the order of their ids; ten ids were never used.
_NAMES = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,,backpack,umbrella,,,handbag,tie,suitcase,frisbee,"
    "skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,,wine glass,"
    "cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,,dining table,,,toilet,,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,"
    "refrigerator,,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)
CLASSES = tuple(_NAMES.split(","))


def state(model: str, address: str = published.ADDRESS, progress: Progress | None = None) -> dict[str, Tensor]:
    """The published weights of a detector by their names in it, from the cache or fetched now.

    Raises LookupError for a detector without such, DownloadError if they are not here and cannot be fetched.
    """
    if model not in RELEASES:
        raise LookupError(f"no COCO weights are published for '{model}'; available: {', '.join(RELEASES)}")
    return published.fetched(RELEASES[model], address, progress)


def classes(model: str) -> Sequence[str]:
    """What the outputs of a published detector behind the background are called."""
    return CLASSES[:1] if model in PEOPLE else CLASSES


def for_classes(
    given: Mapping[str, Tensor], own: Mapping[str, Tensor], old: Sequence[str], new: Sequence[str]
) -> dict[str, Tensor]:
    """Weights for a network that tells other classes: what is told of a class goes along by its name.

    given: as saved, of a detector of `old` classes; own: what the network for `new` ones has now, which stays for
    classes that were not known.
    """
    if list(old) == list(new):
        return dict(given)
    rows = {name: row for row, name in enumerate(old) if name}
    found = dict(given)
    for name, theirs in given.items():
        if not name.startswith(OF_CLASSES) or name not in own:
            continue
        mine, known = (x.clone().unflatten(0, (1 + n, -1)) for x, n in ((own[name], len(new)), (theirs, len(old))))
        mine[0] = known[0]  # background
        for row, label in enumerate(new):
            if label in rows:
                mine[1 + row] = known[1 + rows[label]]
        found[name] = mine.flatten(0, 1)
    return found
