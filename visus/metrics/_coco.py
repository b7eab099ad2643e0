"""The calls of faster-coco-eval that average precision is made of. Imported where it is used: it is an extra."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from faster_coco_eval.core import mask as library
from numpy.typing import NDArray

_SIZES = {"small": [0, 32**2], "medium": [32**2, 96**2], "large": [96**2, 1e5**2]}


def judge(
    marks: list[dict[str, Any]],
    answers: list[dict[str, Any]],
    n_pictures: int,
    sizes: Sequence[Any],
    n_classes: int,
    kind: str,
    sigmas: NDArray[np.float64],
    most: tuple[int, ...],
) -> dict[str, NDArray[np.float64]]:
    """'precision' (T, R, K, A, M) and 'recall' (T, K, A, M), -1 where there is no example."""
    judge = COCOeval_faster(
        _made(marks, n_pictures, sizes, n_classes),
        _made(answers, n_pictures, sizes, n_classes),
        iouType=kind,
        ranges=_SIZES,
        kpt_oks_sigmas=sigmas,
        rle_iou_max_workers=1,
    )
    judge.params.imgIds = list(range(1, n_pictures + 1))
    judge.params.catIds = list(range(1, n_classes + 1))
    judge.params.maxDets = list(most)
    judge.evaluate()
    judge.accumulate()
    return {name: np.asarray(judge.eval[name]) for name in ("precision", "recall")}


def encode(mask: Any, size: Any = None) -> dict[str, Any]:
    """A mask as a compressed COCO dictionary: of an array (H, W), an `Rle`, a COCO dictionary or polygons."""
    if isinstance(mask, dict):
        counted = mask
    elif hasattr(mask, "counts"):
        counted = {"size": [mask.height, mask.width], "counts": list(mask.counts)}
    elif getattr(mask, "ndim", 0) == 2:
        return library.encode(np.asfortranarray(mask, dtype=np.uint8))
    else:
        if size is None:
            raise ValueError("a mask is given as polygons; give `sizes`, the height and width of each picture")
        height, width = (int(side) for side in size)
        parts = library.frPyObjects([list(map(float, part)) for part in mask], height, width)
        return library.merge(parts)
    if isinstance(counted["counts"], (str, bytes)):
        return counted
    return library.frPyObjects(counted, *counted["size"])


def filled(box: NDArray[np.float64], size: Any) -> dict[str, Any]:
    """The mask of an object of which only the box is marked: the whole of it."""
    x1, y1, x2, y2 = (float(side) for side in box)
    return encode([[x1, y1, x2, y1, x2, y2, x1, y2]], size)


def area(mask: dict[str, Any]) -> float:
    """Square pixels of a compressed COCO dictionary."""
    return float(library.area(mask))


def _made(rows: list[dict[str, Any]], n_pictures: int, sizes: Sequence[Any], n_classes: int) -> COCO:
    pictures: list[dict[str, Any]] = [{"id": at + 1} for at in range(n_pictures)]
    for picture, row in zip(pictures, _shapes(rows, n_pictures, sizes), strict=True):
        picture["height"], picture["width"] = row
    numbered = [{**row, "id": at + 1} for at, row in enumerate(rows)]  # id 0 would mean 'not matched'
    classes = [{"id": at + 1, "name": str(at)} for at in range(n_classes)]
    return COCO({"images": pictures, "annotations": numbered, "categories": classes})


def _shapes(rows: list[dict[str, Any]], n_pictures: int, sizes: Sequence[Any]) -> list[tuple[int, int]]:
    """Height and width of each picture: as stated, else as its masks say, else anything, for boxes do not need it."""
    shapes = [(1, 1) if size is None else (int(size[0]), int(size[1])) for size in sizes]
    for row in rows:
        if "segmentation" in row:
            shapes[row["image_id"] - 1] = (int(row["segmentation"]["size"][0]), int(row["segmentation"]["size"][1]))
    return shapes


def overlaps(a: list[dict[str, Any]], b: list[dict[str, Any]], crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N, M): intersection over union of masks; over the first alone where the second is a crowd."""
    return np.asarray(library.iou(a, b, [int(one) for one in crowd]), dtype=np.float64)
