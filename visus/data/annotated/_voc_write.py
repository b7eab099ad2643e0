"""Annotations as Pascal VOC's XML: Annotations/, JPEGImages/, lists in ImageSets/Main, classes.txt for the order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from ..annotations import BOXES, Annotations
from ..collection import TRAIN, VALIDATION
from ._pictures import SHORT
from ._voc_xml import CORNERS
from ._written import Written, exactly, file_names, lost_marks, plain

OWN = ("pose", "truncated", "difficult", "occluded", "iscrowd", "part", "actions", "point")  # of an object, in VOC


def write(annotations: Annotations, folder: Path) -> Written:
    """Into a folder that is there. Outlines and keypoints are lost; a region of many is difficult and an iscrowd."""
    names = _names(annotations)
    lists = folder / "ImageSets" / "Main"
    (folder / "Annotations").mkdir(exist_ok=True)
    lists.mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in annotations.classes), encoding="utf-8")
    files = []
    for row, name in enumerate(names):
        file = folder / "Annotations" / f"{Path(name).stem}.xml"
        root = _picture(annotations, row, name)
        indent(root, "\t")
        ElementTree(root).write(file, encoding="utf-8")
        files.append(file)
    _write_lists(annotations, [file.stem for file in files], lists)
    return Written(files, [folder / "JPEGImages" / name for name in names], lost_marks(annotations, BOXES, "VOC"))


def _names(annotations: Annotations) -> list[str]:
    """File names whose stems differ too: the XML file is called after it."""
    names = file_names(annotations)
    stems = [Path(name).stem for name in names]
    return [
        name if stems.count(stem) == 1 else f"{stem}_{Path(name).suffix[1:]}{Path(name).suffix}"
        for name, stem in zip(names, stems, strict=True)
    ]


def _picture(annotations: Annotations, row: int, name: str) -> Element:
    height, width = (int(side) for side in annotations.sizes[row])
    pictures = annotations.facts.get("pictures") or ()
    said = pictures[row] if row < len(pictures) and "file_name" not in pictures[row] else {}  # not what COCO says
    root = Element("annotation")
    SubElement(root, "folder").text = "JPEGImages"
    SubElement(root, "filename").text = name
    for key, value in said.items():
        if key not in ("folder", "depth", "segmented"):
            _add(root, key, value)
    size = SubElement(root, "size")
    for key, value in (("width", width), ("height", height), ("depth", said.get("depth", 3))):
        _add(size, key, value)
    _add(root, "segmented", said.get("segmented", 0))
    objects = annotations.objects[row]
    for place in range(len(objects)):
        facts = objects.facts[place] if objects.facts else {}
        entry = SubElement(root, "object")
        crowd = bool(objects.crowd[place])
        _add(entry, "name", annotations.classes[int(objects.labels[place])])
        given = {"pose": "Unspecified", "truncated": 0, "difficult": int(crowd)} | ({"iscrowd": 1} if crowd else {})
        for key, value in (given | {key: facts[key] for key in OWN if key in facts and key != "iscrowd"}).items():
            _add(entry, key, value)
        x1, y1, x2, y2 = objects.boxes[place].tolist()
        corners = exactly(x1, 1), exactly(y1, 1), x2, y2
        thin = x2 - x1 <= 1 or y2 - y1 <= 1  # whole numbers would be taken for a box without area
        box = SubElement(entry, "bndbox")
        for key, corner in zip(CORNERS, corners, strict=True):
            _add(box, key, float(corner) if thin else plain(corner))
    return root


def _add(parent: Element, name: str, value: Any) -> None:
    """An element of a text, of elements by name, or several of a list."""
    for one in value if isinstance(value, list) else [value]:
        entry = SubElement(parent, name)
        if isinstance(one, Mapping):
            for key, inner in one.items():
                _add(entry, key, inner)
        else:
            entry.text = str(one)


def _write_lists(annotations: Annotations, stems: list[str], folder: Path) -> None:
    if annotations.splits is None:
        return
    pairs = list(zip(stems, annotations.splits, strict=True))
    for part in dict.fromkeys(annotations.splits):
        if part:
            inside = "".join(f"{stem}\n" for stem, own in pairs if own == part)
            (folder / f"{SHORT[part]}.txt").write_text(inside, encoding="utf-8")
    both = "".join(f"{stem}\n" for stem, own in pairs if own in (TRAIN, VALIDATION))
    (folder / "trainval.txt").write_text(both, encoding="utf-8")
