"""How well a detector finds what is in pictures it has not learned from, and the evidence of it for the report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from ..data.annotations import BOXES, KEYPOINTS, MASKS, Objects
from ..data.prepared_objects import PreparedObjects
from ..geometry.objects import Detections
from ..metrics.detection import DetectionScores, Found, Truth, average_precisions, found
from ..metrics.detection_errors import KINDS, SAID, Errors, confusion_of_objects, errors
from ..metrics.detection_matches import Flat, Matched, bootstrap_map, flat, match
from ..report.sections.detection import CONFUSION, CURVES, FACTS, PAIRS
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship.kinds.detection import Detector, load
from ._detection_pictures import pictures_for
from ._session import Show

MEASURE = "mAP@.5"
AT_ONCE = 32  # pictures read at once
SIZES = ("small", "medium", "large")
FINER = {MASKS: "mask mAP@.5", KEYPOINTS: "keypoint mAP"}  # what else is measured, by what the model tells
FEW = 100  # resamples for the interval of one class


@dataclass(frozen=True)
class Examined:
    """What a detector finds in the N pictures of one part, and what that is worth.

    answers: in pixels of the frame; truth: what is marked there. scores: of boxes in pixels of the files; finer: of
    masks or keypoints, or None. matched, row: which answer is which object, by picture and in one row.
    """

    part: str
    rows: NDArray[np.int64]
    answers: Sequence[Detections]
    truth: Sequence[Objects]
    classes: Sequence[str]
    kind: str
    threshold: float
    scores: DetectionScores
    finer: DetectionScores | None
    matched: Sequence[Matched]
    row: Flat
    errors: Errors
    interval: tuple[float, float]

    @property
    def values(self) -> dict[str, float]:
        """The figures by name, in 0..1, those that nothing was there for left out."""
        known = {MEASURE: self.scores.map50, "COCO's mAP": self.scores.map, "mAP@.75": self.scores.map75}
        if self.finer is not None:
            known[FINER[self.kind]] = self.finer.map50 if self.kind == MASKS else self.finer.map
        known |= {f"mAP of {size} objects": getattr(self.scores, size) for size in SIZES}
        return {name: value for name, value in known.items() if np.isfinite(value)}

    @property
    def line(self) -> str:
        """In words, for a verdict."""
        low, high = (100 * end for end in self.interval)
        own = f"{MEASURE} {100 * self.scores.map50:.1f} % (95 % CI {low:.1f} to {high:.1f})"
        more = [
            f"{name} {100 * self.values[name]:.1f} %" for name in ("COCO's mAP", *FINER.values()) if name in self.values
        ]
        costly = max(KINDS, key=lambda kind: self.errors.costs[kind])
        cost = 100 * self.errors.costs[costly]
        return f"{', '.join([own, *more])}" + (
            f"; costliest: {SAID[costly]} ({cost:.1f} points)" if cost > 0.05 else ""
        )

    @property
    def detail(self) -> dict[str, Any]:
        """For the verdict of a test stage and the card, JSON-ready. score, low, high: mAP@.5."""
        return {
            "measure": MEASURE,
            "score": self.scores.map50,
            "low": self.interval[0],
            "high": self.interval[1],
            "values": {name: value for name, value in self.values.items() if name != MEASURE},
            "n": len(self.rows),
            "n_objects": int(self.scores.examples.sum()),
            "threshold": self.threshold,
            "errors": {kind: {"count": self.errors.counts[kind], "cost": self.errors.costs[kind]} for kind in KINDS},
        }


def keep(
    folder: Path, task_or_model: Any, prepared: PreparedObjects, part: str, show: Show | None = None, seed: int = 0
) -> Examined:
    """Look for the objects of a part, score what is found, and write the evidence for the report.

    task_or_model: the shipped detector; for a task, that in the folder is taken. Raises ValueError for a part without
    pictures or without a single object.
    """
    detector = task_or_model if isinstance(task_or_model, Detector) else load(folder)
    examined = examine(detector, prepared, part, show)
    write(folder, detector, prepared, examined, seed)
    return examined


def examine(detector: Detector, prepared: PreparedObjects, part: str, show: Show | None = None) -> Examined:
    """Look for the objects of every picture of a part and score what is found. Raises ValueError, see `keep`."""
    rows = prepared.rows(part)
    truth = [prepared.objects[row] for row in rows.tolist()]
    if not any((~one.crowd).any() for one in truth):
        raise ValueError(f"{prepared.origin} marks no object in its {part} pictures; take another part")
    answers: list[Detections] = []
    for first in range(0, len(rows), AT_ONCE):
        if show is not None:
            show.progress("test", first, len(rows), "pictures")
        answers += detector.find(prepared.pictures.images(rows[first : first + AT_ONCE]))
    return judged(answers, truth, prepared, part, detector.sure, str(detector.facts.get("kind", BOXES)))


def judged(
    answers: Sequence[Detections],
    truth: Sequence[Objects],
    prepared: PreparedObjects,
    part: str,
    threshold: float,
    kind: str = BOXES,
) -> Examined:
    """The scores of answers to the pictures of a part, in its order."""
    rows, n_classes = prepared.rows(part), len(prepared.classes)
    pairs = [_in_file(a, t, prepared, int(row)) for a, t, row in zip(answers, truth, rows, strict=True)]
    told, marked = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    matched = match(told, marked)
    row = flat(matched, n_classes)
    finer = None
    if kind == MASKS:
        height, width = prepared.frame.height, prepared.frame.width
        pasted = [found(one, height, width) for one in answers]
        finer = average_precisions(pasted, truth, n_classes, MASKS, [(height, width)] * len(truth))
    elif kind == KEYPOINTS:
        finer = average_precisions(told, [_pointed(one, prepared) for one in marked], n_classes, KEYPOINTS)
    scores = average_precisions(told, marked, n_classes)
    return Examined(
        part, rows, answers, truth, list(prepared.classes), kind, threshold, scores, finer, matched, row,
        errors(matched, n_classes), bootstrap_map(row),
    )  # fmt: skip


def _in_file(answer: Detections, truth: Objects, prepared: PreparedObjects, row: int) -> tuple[Found, Truth]:
    """Boxes and keypoints in pixels of the file, so that small is small there."""
    scale_x, scale_y, left, top = prepared.to_original(row)
    scale, offset = np.array([scale_x, scale_y]), np.array([left, top])

    def boxes(values: Any) -> NDArray[np.float64]:
        return (np.asarray(values, dtype=np.float64).reshape(-1, 2, 2) * scale + offset).reshape(-1, 4)

    def points(values: Any) -> NDArray[np.float64] | None:
        if values is None:
            return None
        moved = np.asarray(values, dtype=np.float64).copy()
        moved[..., :2] = moved[..., :2] * scale + offset
        return moved

    found = Found(
        boxes(answer.boxes), answer.scores.double().numpy(), answer.labels.numpy(), None, points(answer.keypoints)
    )
    return found, Truth(boxes(truth.boxes), truth.labels, truth.crowd, None, points(truth.keypoints))


def _pointed(truth: Truth, prepared: PreparedObjects) -> Truth:
    """What has no keypoints marked has none of K, which counts as not to be found."""
    if truth.keypoints is not None:
        return truth
    return replace(truth, keypoints=np.zeros((len(truth.labels), len(prepared.keypoint_names), 3)))


def write(folder: Path, detector: Detector, prepared: PreparedObjects, examined: Examined, seed: int = 0) -> None:
    """Write the evidence that the report's section on detection is made from."""
    shown, examples = pictures_for(detector, prepared, examined, seed)
    facts = {
        **examined.detail,
        "values": examined.values,
        "part": examined.part,
        "names": examined.classes,
        "classes": _classes(examined),
        "said": SAID,
        "examples": examples,
    }
    tensors = {
        CURVES: torch.from_numpy(np.nan_to_num(examined.scores.precision_curves).astype(np.float32)),
        CONFUSION: torch.from_numpy(confusion_of_objects(examined.matched, len(examined.classes), examined.threshold)),
        **{f"{PAIRS}{number}": torch.from_numpy(picture.copy()) for number, picture in enumerate(shown)},
    }
    header = {"facts": json.dumps({"tells": "detection", FACTS: facts})}
    write_whole(folder / EVIDENCE, safetensors.torch.save(tensors, header))


def _classes(examined: Examined) -> list[Mapping[str, Any]]:
    """Of each class with objects its average precisions and the interval of that at .5."""
    n = len(examined.matched)
    weights = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), FEW).astype(np.float64)
    drawn = examined.row.average_precisions(weights)
    listed = list[Mapping[str, Any]]()
    for label in np.flatnonzero(examined.scores.examples).tolist():
        known = drawn[np.isfinite(drawn[:, label]), label]
        low, high = np.quantile(known, [0.025, 0.975]).tolist()
        listed.append(
            {
                "name": examined.classes[label],
                "label": label,
                "n": int(examined.scores.examples[label]),
                "ap50": float(examined.scores.per_class50[label]),
                "ap": float(examined.scores.per_class[label]),
                "recall": float(examined.scores.recall_per_class50[label]),
                "low": low,
                "high": high,
            }
        )
    return listed
