"""Annotations as COCO's JSON: annotations/instances_train.json and the like, pictures in train/, val/, test/."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.masks import compressed, mask_area, polygon_mask
from ..annotations import KEYPOINTS, Annotations, Objects, Outline, Rle
from ._pictures import SHORT
from ._written import Written, exactly, file_names, plain


def write(annotations: Annotations, folder: Path) -> Written:
    """Into a folder that is there. Ids and whatever else a COCO file said are kept; without, they are numbered."""
    splits = annotations.splits or [""] * len(annotations)
    names = file_names(annotations)
    image_ids = _image_ids(annotations)
    ids = _annotation_ids(annotations)
    categories = _categories(annotations)
    family = "person_keypoints" if annotations.kind == KEYPOINTS else "instances"
    (folder / "annotations").mkdir(exist_ok=True)
    files = []
    for part in dict.fromkeys(splits):
        rows = [row for row, split in enumerate(splits) if split == part]
        content = {
            **annotations.facts.get("files", {}).get(part, {}),
            "images": [_image(annotations, row, names[row], image_ids[row]) for row in rows],
            "annotations": [
                _annotation(annotations.objects[row], place, annotations.sizes[row], categories, image_ids[row], own)
                for row in rows
                for place, own in enumerate(ids[row])
            ],
            "categories": categories,
        }
        file = folder / "annotations" / (f"{family}_{SHORT[part]}.json" if part else f"{family}.json")
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        files.append(file)
    places = [folder / (SHORT[split] or "images") / name for split, name in zip(splits, names, strict=True)]
    return Written(files, places)


def _image(annotations: Annotations, row: int, name: str, key: int | str) -> dict[str, Any]:
    said = _picture_facts(annotations, row)
    height, width = (int(side) for side in annotations.sizes[row])
    return {**(said if "file_name" in said else {}), "file_name": name, "height": height, "width": width, "id": key}


def _annotation(
    objects: Objects, place: int, size: NDArray[np.int64], categories: Sequence[Mapping[str, Any]], image: Any, key: Any
) -> dict[str, Any]:
    said = objects.facts[place] if objects.facts else {}
    outline = objects.outlines[place]
    bbox = _bbox(objects.boxes[place], said.get("bbox"))
    entry: dict[str, Any] = {
        "segmentation": _segmentation(outline, bool(objects.crowd[place])),
        "area": said["area"] if "area" in said else _area(outline, size, bbox),
        "iscrowd": int(objects.crowd[place]),
        "image_id": image,
        "bbox": bbox,
        "category_id": categories[int(objects.labels[place])]["id"],
        "id": key,
    }
    if objects.keypoints is not None and categories[int(objects.labels[place])].get("keypoints"):
        points = objects.keypoints[place]
        entry["keypoints"] = [plain(value) for value in points.ravel().tolist()]
        entry["num_keypoints"] = int((points[:, 2] > 0).sum())
    return {**{name: value for name, value in said.items() if _is_plain(value)}, **entry}


def _bbox(box: NDArray[np.float64], said: Any) -> list[int | float]:
    """x, y, width, height; as the file wrote them, where they still mean this box."""
    x1, y1, x2, y2 = box.tolist()
    if isinstance(said, list) and len(said) == 4 and all(isinstance(value, int | float) for value in said):
        x, y, width, height = said
        if [x, y, exactly(x, width), exactly(y, height)] == [x1, y1, x2, y2]:
            return said
    return [plain(x1), plain(y1), plain(exactly(x2, -x1)), plain(exactly(y2, -y1))]


def _segmentation(outline: Outline | None, crowd: bool) -> list[Any] | dict[str, Any]:
    if outline is None:
        return []
    if isinstance(outline, Rle):  # COCO's own files write those of crowds as a list
        counts = [int(n) for n in outline.counts]
        return {"counts": counts if crowd else compressed(counts), "size": [outline.height, outline.width]}
    return [list(polygon) for polygon in outline]


def _area(outline: Outline | None, size: NDArray[np.int64], bbox: Sequence[int | float]) -> int | float:
    if outline is None:
        return plain(bbox[2] * bbox[3])
    if isinstance(outline, Rle):
        return int(sum(outline.counts[1::2]))
    return int(mask_area(polygon_mask(outline, int(size[0]), int(size[1]))))


def _categories(annotations: Annotations) -> list[Mapping[str, Any]]:
    """As the file wrote them, or numbered from 1."""
    said = annotations.facts.get("categories")
    if said and [entry["name"] for entry in said] == list(annotations.classes):
        return list(said)
    points = {}
    if annotations.keypoint_names:
        skeleton = [[a + 1, b + 1] for a, b in annotations.skeleton]
        points = {"keypoints": list(annotations.keypoint_names), "skeleton": skeleton}
    return [
        {"supercategory": "", "id": place, "name": name, **points} for place, name in enumerate(annotations.classes, 1)
    ]


def _picture_facts(annotations: Annotations, row: int) -> Mapping[str, Any]:
    pictures = annotations.facts.get("pictures") or ()
    return pictures[row] if row < len(pictures) else {}


def _image_ids(annotations: Annotations) -> list[int | str]:
    said = [_picture_facts(annotations, row).get("id") for row in range(len(annotations))]
    known = [key for key in said if isinstance(key, int | str)]
    return known if len(set(known)) == len(said) else list(range(1, len(said) + 1))


def _annotation_ids(annotations: Annotations) -> list[list[int | str]]:
    """Of each picture's objects, in order."""
    said = [[facts.get("id") for facts in one.facts] if one.facts else [None] * len(one) for one in annotations.objects]
    known = [key for own in said for key in own]
    if all(isinstance(key, int | str) for key in known) and len(set(known)) == len(known):
        return [[key for key in own if key is not None] for own in said]
    numbers = iter(range(1, len(known) + 1))
    return [[next(numbers) for _ in own] for own in said]


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list | dict)
