"""Annotations as YOLO text: data.yaml, and images/ and labels/ with a folder for each part."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..annotations import BOXES, KEYPOINTS, MASKS, Annotations, Rle
from ..collection import TRAIN
from ._pictures import SHORT
from ._written import Written, file_names, lost_marks

HOLDS = (BOXES, MASKS, KEYPOINTS)  # what a set may hold of its objects, the same of all
DIGITS = 15  # of a share: a box is found again within 1e-6 of its own size, however small


def write(annotations: Annotations, folder: Path, holds: str = BOXES) -> Written:
    """Into a folder that is there. holds: boxes, masks (polygons) or keypoints, the same for all objects, as YOLO has
    it. What has no line of that kind, and regions of many, are left out and counted.
    """
    line_of = LINES[holds]
    splits = annotations.splits or [""] * len(annotations)
    names = _names(file_names(annotations))
    files = []
    without = crowds = 0
    for row, (split, name) in enumerate(zip(splits, names, strict=True)):
        file = folder / "labels" / SHORT[split] / f"{Path(name).stem}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        objects = annotations.objects[row]
        lines = []
        for place in range(len(objects)):
            numbers = None if objects.crowd[place] else line_of(annotations, row, place)
            crowds += bool(objects.crowd[place])
            without += numbers is None and not objects.crowd[place]
            if numbers is not None:
                lines.append(" ".join([str(int(objects.labels[place])), *(f"{value:.{DIGITS}g}" for value in numbers)]))
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        files.append(file)
    _write_description(annotations, folder, sorted(set(splits)), holds)
    lost = [f"YOLO has no regions of many: {crowds} are left out"] if crowds else []
    lost += [f"{without} objects have no polygon and are left out of this set of outlines"] if without else []
    pictures = [folder / "images" / SHORT[split] / name for split, name in zip(splits, names, strict=True)]
    return Written(files, pictures, [*lost, *lost_marks(annotations, holds, "this set")])


def _names(names: list[str]) -> list[str]:
    """File names whose stems differ too: the text file is called after it."""
    stems = [Path(name).stem for name in names]
    return [
        name if stems.count(stem) == 1 else f"{stem}_{Path(name).suffix[1:]}{Path(name).suffix}"
        for name, stem in zip(names, stems, strict=True)
    ]


def _box(annotations: Annotations, row: int, place: int) -> list[float] | None:
    height, width = annotations.sizes[row].tolist()
    x1, y1, x2, y2 = annotations.objects[row].boxes[place].tolist()
    return [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]


def _polygon(annotations: Annotations, row: int, place: int) -> list[float] | None:
    """The polygon of an object, its several joined; None where it has none but run lengths or a box."""
    outline = annotations.objects[row].outlines[place]
    if outline is None or isinstance(outline, Rle):
        return None
    height, width = annotations.sizes[row].tolist()
    points = _joined([np.asarray(polygon, dtype=np.float64).reshape(-1, 2) for polygon in outline])
    return [float(value) for value in (points / (width, height)).ravel()]


def _joined(polygons: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Polygons (n, 2) as one, by a bridge without width from each to the nearest corner of those before: walked to
    and fro, it encloses nothing."""
    whole, *others = polygons
    for other in others:
        far = np.abs(whole[:, None] - other[None]).sum(2)
        here, there = np.unravel_index(far.argmin(), far.shape)
        round_it = np.roll(other, -there, axis=0)
        whole = np.concatenate([whole[: here + 1], round_it, round_it[:1], whole[here:]])
    return whole


def _pose(annotations: Annotations, row: int, place: int) -> list[float] | None:
    box, points = _box(annotations, row, place), annotations.objects[row].keypoints
    if box is None or points is None:
        return None
    height, width = annotations.sizes[row].tolist()
    return box + [number for x, y, seen in points[place].tolist() for number in (x / width, y / height, seen)]


LINES: dict[str, Callable[[Annotations, int, int], list[float] | None]] = {
    BOXES: _box,
    MASKS: _polygon,
    KEYPOINTS: _pose,
}


def _write_description(annotations: Annotations, folder: Path, splits: list[str], holds: str) -> None:
    """Texts are written as JSON, which is YAML too."""
    lines = [f"{SHORT[split] or SHORT[TRAIN]}: images/{SHORT[split]}".rstrip("/") for split in splits]
    lines += [f"nc: {len(annotations.classes)}", "names:"]
    lines += [f"  {place}: {json.dumps(name, ensure_ascii=False)}" for place, name in enumerate(annotations.classes)]
    if holds == KEYPOINTS:
        lines += [f"kpt_shape: [{len(annotations.keypoint_names)}, 3]"]
        lines += [f"flip_idx: {json.dumps(list(annotations.mirrored))}"]
        lines += [f"kpt_names: {json.dumps(list(annotations.keypoint_names), ensure_ascii=False)}"]
        lines += [f"skeleton: {json.dumps([list(pair) for pair in annotations.skeleton])}"]
    (folder / "data.yaml").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
