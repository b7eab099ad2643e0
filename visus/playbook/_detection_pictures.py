"""Pictures of what a detector finds and misses, for the report: what is marked beside what was found."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..data.annotations import Objects, Rle
from ..data.prepared_objects import PreparedObjects
from ..geometry.masks import paste, polygon_mask, rle_decode
from ..geometry.objects import Detections
from ..metrics.detection_errors import BACKGROUND, DUPLICATE, PLACE, SAID, Mistake
from ..metrics.detection_matches import Matched
from ..report.figures.boxes import KNOWN_PLACE, Mark, drawn
from ..ship.kinds.detection import Detector

if TYPE_CHECKING:
    from ._detection_evidence import Examined

EACH = 3  # pictures of a kind
MISTAKES = 8  # answers that are wrong, the surest first
LONG_PX = 420  # of the long side in the report
AROUND = 0.6  # of a wrong answer's sides, shown around it
LEAST_AROUND = 0.15  # of the picture's sides

Pixels = NDArray[np.uint8]


def pictures_for(
    detector: Detector, prepared: PreparedObjects, examined: "Examined", seed: int
) -> tuple[list[Pixels], list[dict[str, Any]]]:
    """Drawn pictures, and of each its kind, its name and what is to be said of it.

    uint8 (2, H, W, 3), what is marked and what was found; of a mistake (H, W, 3), what it is about.
    """
    merits = np.array([_merit(one, examined.threshold) for one in examined.matched])
    counts = np.array([len(one.truth) for one in examined.matched])
    order = np.lexsort((-counts, -merits[:, 0]))  # the best first, of equals the one with most in it
    full = order[counts[order] > 0]
    n = min(EACH, len(full))
    lot = np.random.default_rng(seed).permutation(len(order))[:n]
    kinds = {"worst": order[::-1][:n].tolist(), "random": lot.tolist(), "best": full[:n].tolist()}
    shown, examples = list[Pixels](), list[dict[str, Any]]()
    for kind, places in kinds.items():
        for place in places:
            shown.append(_pair(detector, prepared, examined, place))
            right, wrong, missed = merits[place, 1:].astype(int).tolist()
            examples.append(
                {
                    "kind": kind,
                    "name": _name(prepared, examined, place),
                    "right": right,
                    "wrong": wrong,
                    "missed": missed,
                }
            )
    for mistake in examined.errors.mistakes[:MISTAKES]:
        shown.append(_close_up(prepared, examined, mistake))
        examples.append(_said(prepared, examined, mistake))
    return shown, examples


def _merit(one: Matched, threshold: float) -> tuple[float, int, int, int]:
    """F1 of the answers that are told of, and how many are right, wrong, missed."""
    told = (one.scores >= threshold) & ~one.ignored
    right = int((one.right & told).sum())
    wrong = int(told.sum()) - right
    missed = int((~one.crowd).sum()) - right
    whole = 2 * right + wrong + missed
    return (2 * right / whole if whole else 1.0), right, wrong, missed


def _name(prepared: PreparedObjects, examined: "Examined", place: int) -> str:
    return str(prepared.pictures.collection.names[int(examined.rows[place])])


def _said(prepared: PreparedObjects, examined: "Examined", mistake: Mistake) -> dict[str, Any]:
    one = examined.matched[mistake.picture]
    truth = "" if mistake.about < 0 else examined.classes[int(one.truth[mistake.about])]
    said = examined.classes[int(one.labels[mistake.row])]
    words = {BACKGROUND: SAID[BACKGROUND], DUPLICATE: SAID[DUPLICATE], PLACE: SAID[PLACE]}
    why = words.get(mistake.kind, f"marked as {truth}")
    name = _name(prepared, examined, mistake.picture)
    return {"kind": "mistake", "name": name, "said": said, "score": mistake.score, "why": why}


def _shown(prepared: PreparedObjects, row: int) -> tuple[Pixels, float]:
    """A picture in the frame as it is shown, and by how much it was made smaller."""
    image = prepared.pictures.images(np.array([row]))[0].permute(1, 2, 0).numpy()
    scale = min(1.0, LONG_PX / max(image.shape[:2]))
    if scale == 1:
        return image, 1.0
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)), scale


def _pair(detector: Detector, prepared: PreparedObjects, examined: "Examined", place: int) -> Pixels:
    picture, scale = _shown(prepared, int(examined.rows[place]))
    truth, one = examined.truth[place], examined.matched[place]
    marked = _marked(truth, examined.classes, picture.shape[:2], scale)
    told = (one.scores >= examined.threshold) & ~one.ignored
    found = _found(examined.answers[place], one, told, examined.classes, picture.shape[:2], scale)
    hit = one.of[one.right & told]
    lost = [at for at in range(len(truth)) if not truth.crowd[at] and at not in hit]
    missed = [Mark(scale * truth.boxes[at], "missed", int(truth.labels[at]), dashed=True) for at in lost]
    left = drawn(picture, marked, prepared.skeleton, LONG_PX)
    right = drawn(picture, [*missed, *found], detector.skeleton, LONG_PX)
    return np.stack([left, right])


def _marked(truth: Objects, classes: Sequence[str], size: Sequence[int], scale: float) -> list[Mark]:
    marks = []
    for at, box in enumerate(truth.boxes):
        label = int(truth.labels[at])
        text = f"{classes[label]}, a crowd" if truth.crowd[at] else classes[label]
        points = None if truth.keypoints is None else truth.keypoints[at] * [scale, scale, 1]
        mask = _outlined(truth.outlines[at], size, scale)
        marks.append(Mark(scale * box, text, label, mask, points, bool(truth.crowd[at]), known=KNOWN_PLACE))
    return marks


def _found(
    answer: Detections,
    one: Matched,
    told: NDArray[np.bool_],
    classes: Sequence[str],
    size: Sequence[int],
    scale: float,
) -> list[Mark]:
    """The surest last, on top; what is wrong by a wide line and with a question mark."""
    marks = []
    for at in np.flatnonzero(told)[::-1].tolist():
        row, label, right = int(one.rows[at]), int(one.labels[at]), bool(one.right[at])
        box = scale * answer.boxes[row].double().numpy()
        mask = points = None
        if answer.masks is not None:
            placed = torch.from_numpy(box[None]).float()
            mask = paste(answer.masks[row : row + 1].float(), placed, int(size[0]), int(size[1]))[0].numpy()
        if answer.keypoints is not None:
            points = answer.keypoints[row].double().numpy() * [scale, scale, 1]
        text = f"{classes[label]} {100 * one.scores[at]:.0f} %{'' if right else ' ?'}"
        marks.append(Mark(box, text, label, mask, points, strong=not right))
    return marks


def _outlined(outline: Any, size: Sequence[int], scale: float) -> NDArray[np.bool_] | None:
    if outline is None:
        return None
    if not isinstance(outline, Rle):
        return polygon_mask([[scale * value for value in part] for part in outline], size[0], size[1]).astype(bool)
    mask = np.asarray(rle_decode(outline.counts, outline.height, outline.width))
    resized = Image.fromarray(mask.astype(np.uint8)).resize((size[1], size[0]), Image.Resampling.NEAREST)
    return np.asarray(resized).astype(bool)


def _close_up(prepared: PreparedObjects, examined: "Examined", mistake: Mistake) -> Pixels:
    """A wrong answer, the object it is about, if any, and a little of the picture around it."""
    row, one = int(examined.rows[mistake.picture]), examined.matched[mistake.picture]
    image = prepared.pictures.images(np.array([row]))[0].permute(1, 2, 0).numpy()
    height, width = image.shape[:2]
    box = examined.answers[mistake.picture].boxes[int(one.rows[mistake.row])].double().numpy()
    middle, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    half = np.maximum((0.5 + AROUND) * sides.max(), LEAST_AROUND * np.array([width, height])).max()
    x1, y1 = np.maximum(middle - half, 0).astype(int)
    x2, y2 = np.minimum(middle + half, [width, height]).astype(int)
    marks = []
    if mistake.about >= 0:  # of all that is marked here, only what the answer is about: more would hide it
        truth, corner = examined.truth[mistake.picture], [x1, y1, x1, y1]
        label = int(truth.labels[mistake.about])
        marks = [Mark(truth.boxes[mistake.about] - corner, examined.classes[label], label, dashed=True)]
    label = int(one.labels[mistake.row])
    marks.append(Mark(box - [x1, y1, x1, y1], "", label, strong=True))
    return drawn(np.ascontiguousarray(image[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]), marks, legible=240)
