"""Average precision of boxes, masks or keypoints: the COCO measures, counted by faster-coco-eval.

A class's precision is read at 101 recalls and averaged; the mean over ten overlaps from .5 to .95 is COCO's mAP, that
at .5 alone is Pascal VOC's idea. Sources: Everingham et al., 2010; Lin et al., 2014.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry.masks import paste
from ..geometry.objects import CROWD, Detections, Targets

RECALLS = np.linspace(0, 1, 101)
PERSON_SIGMAS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000
SIGMA = 0.05  # of the keypoints of any other thing: about what COCO's annotators reach on a wrist

_ITS_NAME = {"boxes": "bbox", "masks": "segm", "keypoints": "keypoints"}
_MOST = {"boxes": (1, 10, 100), "masks": (1, 10, 100), "keypoints": (20,)}  # answers that count in a picture


class Answer(Protocol):
    """What was found in one picture; arrays or tensors."""

    @property
    def boxes(self) -> Any: ...
    @property
    def scores(self) -> Any: ...
    @property
    def labels(self) -> Any: ...
    @property
    def masks(self) -> Any: ...
    @property
    def keypoints(self) -> Any: ...


class Marked(Protocol):
    """What is marked in one picture; arrays or tensors. `data.annotations.Objects` is one."""

    @property
    def boxes(self) -> Any: ...
    @property
    def labels(self) -> Any: ...
    @property
    def crowd(self) -> Any: ...
    @property
    def outlines(self) -> Any: ...
    @property
    def keypoints(self) -> Any: ...


@dataclass(frozen=True)
class Found:
    """What was found in one picture.

    boxes: (N, 4), x1, y1, x2, y2 in pixels. scores: (N,). labels: (N,). masks: of each a bool array (H, W), an `Rle`,
    a COCO dictionary {"size", "counts"} or polygons; or None. keypoints: (N, K, 3), x, y, score; or None.
    """

    boxes: Any
    scores: Any
    labels: Any
    masks: Sequence[Any] | None = None
    keypoints: Any = None


@dataclass(frozen=True)
class Truth:
    """What is marked in one picture, as `Found`; crowd: bool (N,), what is neither to be found nor wrong.

    outlines: as `Found.masks`. areas: square pixels (N,) by which small, medium and large are told apart; without,
    those of the masks for masks and keypoints, else of the boxes.
    """

    boxes: Any
    labels: Any
    crowd: Any
    outlines: Sequence[Any] | None = None
    keypoints: Any = None
    areas: Any = None


@dataclass(frozen=True)
class DetectionScores:
    """Average precisions in 0..1; NaN where there is no example of what is asked.

    map: mean over the classes and the overlaps .5, .55, ..., .95; map50, map75: at one overlap. small, medium, large:
    map of objects below 32**2, up to 96**2 and above, in square pixels. recall: the mean recall over overlaps and
    classes of all answers that count. per_class, per_class50, recall_per_class50: (K,). precision_curves: (K, 101),
    precision at overlap .5 by recall 0, .01, ..., 1. examples: (K,), objects to be found.
    """

    kind: str
    map: float
    map50: float
    map75: float
    small: float
    medium: float
    large: float
    recall: float
    per_class: NDArray[np.float64] = field(repr=False)
    per_class50: NDArray[np.float64] = field(repr=False)
    recall_per_class50: NDArray[np.float64] = field(repr=False)
    precision_curves: NDArray[np.float64] = field(repr=False)
    examples: NDArray[np.int64] = field(repr=False)


def found(detections: Detections, height: int, width: int) -> Found:
    """A detector's answer to a picture of so many pixels as what is scored: its masks are pasted where they belong."""
    one = detections.cpu()
    masks = None
    if one.masks is not None:
        library = _library()
        masks = []
        for start in range(0, len(one), 16):  # whole pictures of bits: never all at once
            part = paste(one.masks[start : start + 16].float(), one.boxes[start : start + 16].float(), height, width)
            masks += [library.encode(mask) for mask in part.numpy()]
    keypoints = None if one.keypoints is None else one.keypoints.double().numpy()
    return Found(one.boxes.double().numpy(), one.scores.double().numpy(), one.labels.numpy(), masks, keypoints)


def marked(targets: Targets, picture: int) -> Truth:
    """What is marked in one picture of a batch, without the rows that only fill it up."""
    labels = targets.labels[picture].cpu().numpy()
    rows = np.flatnonzero((labels >= 0) | (labels == CROWD))
    crowd = labels[rows] == CROWD
    masks = None if targets.masks is None else list(targets.masks[picture].cpu().numpy()[rows].astype(bool))
    points = None if targets.keypoints is None else targets.keypoints[picture].double().cpu().numpy()[rows]
    boxes = targets.boxes[picture].double().cpu().numpy()[rows]
    return Truth(boxes, np.where(crowd, -1, labels[rows]), crowd, masks, points)


def average_precisions(
    found: Sequence[Answer],
    truth: Sequence[Marked],
    n_classes: int,
    kind: str = "boxes",
    sizes: Sequence[tuple[int, int]] | NDArray[np.int64] | None = None,
    sigmas: ArrayLike | None = None,
    most: int | None = None,
) -> DetectionScores:
    """The COCO scores of what was found in N pictures against what is marked in them.

    sizes: height and width of each picture, needed for outlines given as polygons. A crowd of label -1 is one of every
    class. sigmas: (K,), how exactly each keypoint can be placed, in object sizes: COCO's for 17 keypoints, else 0.05.
    most: answers of a class that count in a picture, 100, of keypoints 20. Raises ValueError if lists do not fit, a
    class is outside 0..K-1 or a score is NaN; LookupError without faster-coco-eval.
    """
    if len(found) != len(truth):
        raise ValueError(f"answers to {len(found)} pictures but marks of {len(truth)}; give both of the same pictures")
    if kind not in _ITS_NAME:
        raise ValueError(f"kind is one of {', '.join(_ITS_NAME)}; got {kind!r}")
    library = _library()
    shapes: Sequence[Any] = [None] * len(truth) if sizes is None else list(sizes)
    marks = [m for at, one in enumerate(truth) for m in _marks(one, at, n_classes, kind, shapes[at], library)]
    answers = [a for at, one in enumerate(found) for a in _answers(one, at, n_classes, kind, shapes[at], library)]
    counts = _MOST[kind] if most is None else (*(n for n in _MOST[kind] if n < most), most)
    judged = library.judge(
        marks, answers, len(truth), shapes, n_classes, _ITS_NAME[kind], _sigmas(sigmas, marks), counts
    )
    scores = _summed(kind, judged["precision"], judged["recall"])
    examples = np.bincount([m["category_id"] - 1 for m in marks if not m["ignored"]], minlength=n_classes)
    return DetectionScores(**scores, examples=examples)


def _summed(kind: str, precision: NDArray[np.float64], recall: NDArray[np.float64]) -> dict[str, Any]:
    """precision: (T overlaps, R recalls, K, A sizes, M), -1 where there is no example; recall: (T, K, A, M)."""
    precision = np.where(precision < 0, np.nan, precision)[..., -1]
    recall = np.where(recall < 0, np.nan, recall)[..., -1]
    shares = ("small", "medium", "large")[-(precision.shape[3] - 1) :]
    by_size = {name: _mean(precision[:, :, :, at + 1]) for at, name in enumerate(shares)}
    every = precision[:, :, :, 0]
    return {
        "kind": kind,
        "map": _mean(every),
        "map50": _mean(every[0]),
        "map75": _mean(every[5]),
        **{name: by_size.get(name, float("nan")) for name in ("small", "medium", "large")},
        "recall": _mean(recall[:, :, 0]),
        "per_class": every.mean((0, 1)),
        "per_class50": every[0].mean(0),
        "recall_per_class50": recall[0, :, 0],
        "precision_curves": every[0].T.copy(),
    }


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _sigmas(sigmas: ArrayLike | None, marks: list[dict[str, Any]]) -> NDArray[np.float64]:
    n_points = next((len(m["keypoints"]) // 3 for m in marks if "keypoints" in m), 0)
    if sigmas is not None:
        return np.asarray(sigmas, dtype=np.float64)
    return PERSON_SIGMAS if n_points == len(PERSON_SIGMAS) else np.full(n_points, SIGMA)


def _marks(one: Marked, at: int, n_classes: int, kind: str, size: Any, library: Any) -> list[dict[str, Any]]:
    boxes, labels, crowd = (
        _rows(one.boxes, 4),
        _array(one.labels).astype(np.int64),
        _array(one.crowd).astype(bool),
    )
    _check_labels(labels[~crowd], n_classes, at, "marked")
    areas = getattr(one, "areas", None)
    points = _keypoints(one.keypoints, len(labels), at, "marked") if kind == "keypoints" else None
    listed = []
    for row, box in enumerate(boxes):
        mark: dict[str, Any] = {
            "bbox": _xywh(box),
            "iscrowd": int(crowd[row]),
            "image_id": at + 1,
            "ignored": bool(crowd[row]),
        }
        outline = None if one.outlines is None else one.outlines[row]
        if kind == "masks":
            mark["segmentation"] = library.encode(outline, size) if outline is not None else library.filled(box, size)
        if areas is not None:
            mark["area"] = float(areas[row])
        elif kind == "boxes" or outline is None:
            mark["area"] = mark["bbox"][2] * mark["bbox"][3]
        else:
            mark["area"] = library.area(mark.get("segmentation") or library.encode(outline, size))
        if points is not None:
            mark["keypoints"] = points[row].tolist()
            mark["num_keypoints"] = int((points[row, 2::3] > 0).sum())
            mark["ignored"] |= not mark["num_keypoints"]
        # a crowd that is of no class in particular is one of each
        classes = range(n_classes) if labels[row] < 0 else (labels[row],)
        listed += [{**mark, "category_id": int(label) + 1} for label in classes]
    return listed


def _answers(one: Answer, at: int, n_classes: int, kind: str, size: Any, library: Any) -> list[dict[str, Any]]:
    boxes, scores, labels = _rows(one.boxes, 4), _array(one.scores), _array(one.labels).astype(np.int64)
    _check_labels(labels, n_classes, at, "found")
    if np.isnan(scores).any() or np.isnan(boxes).any():
        raise ValueError(f"an answer to picture {at} has a box or a score that is NaN; did the network diverge?")
    points = _keypoints(one.keypoints, len(labels), at, "found") if kind == "keypoints" else None
    if kind == "masks" and len(labels) and one.masks is None:
        raise ValueError(f"picture {at}: no masks were found, only boxes; score boxes, or take a detector of masks")
    listed = []
    for row, box in enumerate(boxes):
        answer: dict[str, Any] = {"bbox": _xywh(box), "score": float(scores[row]), "image_id": at + 1, "iscrowd": 0}
        answer["category_id"] = int(labels[row]) + 1
        answer["area"] = answer["bbox"][2] * answer["bbox"][3]
        if kind == "masks":
            answer["segmentation"] = library.encode(one.masks[row], size)
            answer["area"] = library.area(answer["segmentation"])
        if points is not None:
            answer["keypoints"] = points[row].tolist()
            x, y = points[row, 0::3], points[row, 1::3]
            answer["area"] = float((x.max() - x.min()) * (y.max() - y.min()))
        listed.append(answer)
    return listed


def _array(values: Any) -> NDArray[np.float64]:
    values = values.detach().cpu().numpy() if hasattr(values, "detach") else values
    return np.asarray(values, dtype=np.float64)


def _rows(values: Any, width: int) -> NDArray[np.float64]:
    """Rows of `width` numbers, also where there is no row and the empty list has no shape of its own."""
    return _array(values).reshape(-1, width)


def _keypoints(values: Any, n: int, at: int, what: str) -> NDArray[np.float64]:
    """(N, 3 K)."""
    if n and values is None:
        raise ValueError(f"picture {at}: no keypoints are {what}; score boxes or masks, or give keypoints (N, K, 3)")
    return _array(values).reshape(n, -1) if n else np.zeros((0, 3))


def _xywh(box: NDArray[np.float64]) -> list[float]:
    # the library would leave out an answer whose ends are swapped, as if it had not been given
    return [float(box[0]), float(box[1]), max(float(box[2] - box[0]), 0.0), max(float(box[3] - box[1]), 0.0)]


def _check_labels(labels: NDArray[np.int64], n_classes: int, at: int, what: str) -> None:
    outside = labels[(labels < 0) | (labels >= n_classes)]
    if outside.size:
        raise ValueError(
            f"picture {at}: class {outside[0]} is {what}, outside 0..{n_classes - 1}; "
            "was it made with another list of classes?"
        )


def _library() -> Any:
    """The calls of faster-coco-eval that are used here, with the sentence for who has not installed it."""
    try:
        from . import _coco
    except ImportError as absent:
        raise LookupError("average precision needs faster-coco-eval: pip install 'visus[detect]'") from absent
    return _coco
