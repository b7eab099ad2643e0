"""Karpathy's splits in JSON: dataset_flickr8k.json, dataset_coco.json; a picture a entry, with sentences and its part.

Source: Karpathy and Fei-Fei, 2015. Its part "restval" is for training, as usual.
"""

from pathlib import Path
from typing import Any

from ..collection import TEST, TRAIN, VALIDATION
from ._captions import PICTURE_FOLDERS, Captions, assembled, files_in
from .coco_captions import SENTENCES, loaded, peek

PARTS = {"train": TRAIN, "restval": TRAIN, "val": VALIDATION, "test": TEST}


def recognises(path: Path) -> bool:
    """Is it a JSON file whose entries have sentences, or a folder with one?"""
    return bool(_files(path)) if path.is_dir() else _is_one(path)


def read(path: Path) -> Captions:
    """The pictures that the file describes, in its order. Raises ValueError that names the file."""
    file = _files(path)[0] if path.is_dir() else path
    images = loaded(file).get("images")
    if not isinstance(images, list):
        raise ValueError(f"{file} has no list of images; expected a dataset_*.json of Karpathy's splits")
    said: dict[str, list[str]] = {}
    parts: dict[str, str] = {}
    odd = 0
    for image in images:
        try:
            name = "/".join(filter(None, (image.get("filepath", ""), image["filename"])))
            said[name] = [str(sentence["raw"]) for sentence in image["sentences"]]
            parts[name] = _part(image)
        except (KeyError, TypeError, AttributeError):
            odd += 1
    problems = [f"{file.name} has {odd} entries without a filename and sentences, left out"] if odd else []
    return assembled(file, said, PICTURE_FOLDERS, parts if any(parts.values()) else None, problems)


def _part(image: dict[str, Any]) -> str:
    return PARTS.get(str(image.get("split", "")), "")


def _is_one(file: Path) -> bool:
    return file.suffix.lower() == ".json" and SENTENCES in peek(file)


def _files(folder: Path) -> list[Path]:
    return [file for file in files_in(folder, [".json"]) if _is_one(file)]
