"""A set of marked pictures in words: its format, parts, classes and problems."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .annotations import BOXES, Annotations
from .collection import TEST, TRAIN, VALIDATION
from .label_maps import LabelMaps
from .open_annotations import MAP_SETS, OBJECT_SETS, format_of, open_annotations, open_maps

WORDS = {
    "coco": "COCO JSON",
    "voc": "Pascal VOC XML",
    "yolo": "YOLO text",
    "mask_folder": "a class at each pixel",
    "voc_segmentation": "Pascal VOC's",
}


def told(source: str, most: int) -> list[str]:
    """Lines about a set; of more than `most` classes the most frequent. Raises as `open_annotations` does."""
    form = "" if source in OBJECT_SETS or source in MAP_SETS else format_of(Path(source).expanduser())
    if source in MAP_SETS or form in ("mask_folder", "voc_segmentation"):
        maps = open_maps(source)
        return [_heading(source, form, f"{len(maps)} pictures with label maps"), *_about_maps(maps), *maps.problems]
    marked = open_annotations(source)
    return [_heading(source, form, f"{len(marked)} pictures"), *_about_objects(marked, most), *marked.problems]


def _heading(source: str, form: str, what: str) -> str:
    return f"{source}: {what}" + (f" ({WORDS.get(form, form)})" if form else "")


def _parts(splits: Sequence[str] | None) -> list[str]:
    counts = Counter(splits or ())
    said = ", ".join(f"{counts[part]} {part or 'of no part'}" for part in (TRAIN, VALIDATION, TEST, "") if counts[part])
    return [f"parts: {said}"] if counts else []


def _about_maps(maps: LabelMaps) -> list[str]:
    codes = {index: code for code, index in reversed(list(maps.codes.items()))}
    names = ", ".join(f"{codes.get(index, index)} {name}" for index, name in enumerate(maps.classes))
    return [*_parts(maps.splits), f"{len(maps.classes)} classes: {names}"]


def _about_objects(marked: Annotations, most: int) -> list[str]:
    labels = np.concatenate([one.labels for one in marked.objects])
    counts = np.bincount(labels, minlength=len(marked.classes))
    order = np.argsort(-counts, kind="stable")
    crowds = sum(int(one.crowd.sum()) for one in marked.objects)
    bare = sum(not len(one) for one in marked.objects)
    masks = sum(outline is not None for one in marked.objects for outline in one.outlines)
    lines = _parts(marked.splits)
    marks = "boxes" if marked.kind == BOXES else f"boxes, {masks} outlines"
    marks += f", {len(marked.keypoint_names)} keypoints" if marked.keypoint_names else ""
    lines.append(f"{len(labels)} objects marked by {marks}")
    if crowds:
        lines.append(f"{crowds} of them are regions of many")
    if bare:
        lines.append(f"{bare} pictures without objects")
    lines += [f"  {marked.classes[k]:<24} {counts[k]}" for k in order[:most]]
    if len(order) > most:
        never = int((counts == 0).sum())
        lines.append(
            f"  and {len(order) - most} more classes" + (f", {never} of them without an example" if never else "")
        )
    elif (counts == 0).any():
        lines.append("classes without an example: " + ", ".join(marked.classes[k] for k in order if not counts[k]))
    return lines
