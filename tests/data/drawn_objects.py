"""A small set of marked pictures, with all that formats may say of objects, in memory and in files."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from visus.data.annotations import Annotations, Objects, Rle
from visus.geometry.masks import polygon_mask, rle_encode

CLASSES = ("cat", "dog", "tall tree")
SIZES = ((40, 60), (48, 48), (33, 51), (40, 60))  # height, width
POINTS = ("nose", "left_ear", "right_ear")


def save_picture(path: Path, height: int, width: int, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)).save(path)
    return path


def drawn(root: Path, keypoints: bool = False, splits: bool = True) -> Annotations:
    """Four pictures: two objects, one with an outline of two parts; a crowd; nothing; one that reaches to the rims."""
    paths = [save_picture(root / f"p{k}.png", *size, seed=k) for k, size in enumerate(SIZES)]
    square = [10.5, 8.25, 30.5, 8.25, 30.5, 20.75, 10.5, 20.75]
    parts = [[2.1, 3.2, 9.9, 3.2, 9.9, 12.4], [20.0, 25.0, 28.3, 25.0, 28.3, 31.7]]
    rle = Rle(48, 48, rle_encode(polygon_mask([[5, 6, 40, 9, 33, 41]], 48, 48)))
    points = [[[15.0, 9.0, 2], [12.0, 8.5, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]] if keypoints else None
    objects = [
        _objects(
            [[10.5, 8.25, 30.5, 20.75], [2.1, 3.2, 28.3, 31.7]], [0, 2], [False, False], [[square], parts], points
        ),
        _objects([[5, 6, 40, 41], [1.5, 1.25, 2.25, 40]], [1, 1], [True, False], [rle, None], points),
        _objects([], [], [], [], [] if keypoints else None),
        _objects([[0, 0, 60, 40]], [2], [False], [[[0, 0, 60, 0, 60, 40, 0, 40]]], points and points[:1]),
    ]
    return Annotations(
        "drawn",
        paths,
        [path.name for path in paths],
        np.array(SIZES),
        objects,
        list(CLASSES),
        ["train", "train", "validation", "test"] if splits else None,
        keypoint_names=POINTS if keypoints else (),
        skeleton=[(0, 1), (0, 2)] if keypoints else (),
        mirrored=[0, 2, 1] if keypoints else (),
    )


def _objects(boxes, labels, crowd, outlines, points=None) -> Objects:
    return Objects(
        np.array(boxes, dtype=np.float64).reshape(-1, 4),
        np.array(labels, dtype=np.int64),
        np.array(crowd, dtype=bool),
        outlines,
        None if points is None else np.array(points, dtype=np.float64).reshape(-1, 3, 3),
    )


def by_name(annotations: Annotations) -> dict[str, Objects]:
    """Objects by the picture's file name, whatever folder it lies in."""
    return {Path(name).name: own for name, own in zip(annotations.names, annotations.objects, strict=True)}


def coco_file(root: Path, change=None) -> Path:
    """Two pictures and three objects as COCO's JSON; `change` may spoil the content before it is written."""
    for name in ("a.png", "b.png"):
        save_picture(root / "images" / name, 40, 60)
    content = {
        "info": {"year": 2017},
        "images": [
            {"id": 7, "file_name": "a.png", "height": 40, "width": 60, "license": 3},
            {"id": 9, "file_name": "b.png", "height": 40, "width": 60},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 18, "bbox": [1, 2, 10, 20], "area": 200, "iscrowd": 0,
             "segmentation": [[1, 2, 11, 2, 11, 22, 1, 22]]},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [20.5, 5.25, 12.5, 9], "area": 80, "iscrowd": 0,
             "segmentation": []},
            {"id": 3, "image_id": 9, "category_id": 3, "bbox": [0, 0, 2, 40], "area": 80, "iscrowd": 1,
             "segmentation": {"size": [40, 60], "counts": [0, 80, 2320]}},
        ],
        "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}, {"id": 3, "name": "car"}],
    }  # fmt: skip
    if change is not None:
        change(content)
    file = root / "annotations" / "instances_train2017.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


def voc_file(root: Path, name: str, body: str = "", size: tuple[int, int] = (40, 60), picture: str = "") -> Path:
    """An XML file of VOC's with its picture."""
    save_picture(root / "JPEGImages" / f"{name}.png", 40, 60)
    file = root / "Annotations" / f"{name}.xml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f"<annotation><filename>{picture or name + '.png'}</filename><source><database>own</database></source><size>"
        f"<width>{size[1]}</width><height>{size[0]}</height><depth>3</depth></size>{body}</annotation>"
    )
    return file


def voc_object(box=(11, 21, 30, 35), name: str = "dog", more: str = "") -> str:
    corners = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"<object><name>{name}</name>{more}<bndbox>{corners}</bndbox></object>"


def yolo_folder(root: Path, lines: dict[str, str], description: str = "names: [cat, dog]\n") -> Path:
    """data.yaml, images/ and labels/: lines by picture's name; None for a picture without a file."""
    for name, text in lines.items():
        save_picture(root / "images" / f"{name}.png", 40, 60)
        if text is not None:
            (root / "labels").mkdir(exist_ok=True)
            (root / "labels" / f"{name}.txt").write_text(text)
    (root / "data.yaml").write_text(description)
    return root
