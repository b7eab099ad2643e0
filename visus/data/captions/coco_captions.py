"""COCO's captions in JSON: captions_train2017.json and the like, or the folder that holds them in annotations/.

Of several files the one called train is for training and the one called val for validation, as COCO publishes them.
Source: Chen et al., 2015, the data's format at cocodataset.org.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..collection import TEST, TRAIN, VALIDATION
from ._captions import PICTURE_FOLDERS, Captions, assembled, files_in, listed

NAMED = re.compile(r"captions_(train|val|test)\w*", re.IGNORECASE)
PARTS = {"train": TRAIN, "val": VALIDATION, "test": TEST}
SENTENCES = '"sentences"'  # of another format, see `karpathy_json`
PEEK = 4096  # characters in which that one shows itself


def recognises(path: Path) -> bool:
    """Is it a JSON file, or a folder with files called captions_*.json in it or in its annotations/?"""
    return bool(_files(path)) if path.is_dir() else path.suffix.lower() == ".json" and SENTENCES not in peek(path)


def read(path: Path) -> Captions:
    """The pictures that the file or files describe. Raises ValueError that names the file."""
    found = [(_part(file), _read(file)) for file in (_files(path) if path.is_dir() else [path])]
    if len(found) == 1:
        return found[0][1]
    if twice := {n for _, one in found for n in one.names if sum(n in other.names for _, other in found) > 1}:
        raise ValueError(f"{path}: {len(twice)} pictures are described in two files{listed(sorted(twice))}; keep one")
    return Captions(
        str(path),
        [p for _, one in found for p in one.paths],
        [name for _, one in found for name in one.names],
        [own for _, one in found for own in one.sentences],
        [part for part, one in found for _ in one.names],
        [problem for _, one in found for problem in one.problems],
    )


def peek(file: Path) -> str:
    """The beginning of a file's text."""
    try:
        with file.open("rb") as opened:
            return opened.read(PEEK).decode("utf-8", "replace")
    except OSError:
        return ""


def loaded(file: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ValueError that names it."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        why = str(error).partition("\n")[0]
        raise ValueError(f"{file} is no JSON that can be read ({why}); fetch it again") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} holds a {type(found).__name__}; expected COCO's object with images and annotations")
    return found


def _read(file: Path) -> Captions:
    facts = loaded(file)
    images, annotations = facts.get("images"), facts.get("annotations")
    if not isinstance(images, list) or not isinstance(annotations, list):
        raise ValueError(f"{file} has no lists images and annotations; expected COCO's captions_*.json")
    names = {_of(image, "id"): str(_of(image, "file_name")) for image in images if _of(image, "file_name")}
    said: dict[str, list[str]] = {name: [] for name in names.values()}
    strangers = without = 0
    for annotation in annotations:
        caption, name = _of(annotation, "caption"), names.get(_of(annotation, "image_id"))
        if not isinstance(caption, str):
            without += 1
        elif name is None:
            strangers += 1
        else:
            said[name].append(caption)
    if annotations and without == len(annotations):
        raise ValueError(f"{file} has annotations without captions; take captions_*.json, not instances_*.json")
    problems = [f"{file.name} has {without} annotations without a caption, left out"] if without else []
    if strangers:
        problems.append(f"{file.name} has {strangers} captions of pictures that it does not list, left out")
    inner = file.stem.rpartition("captions_")[2]
    found = assembled(file, said, (inner, *(f"{outer}/{inner}" for outer in PICTURE_FOLDERS), *PICTURE_FOLDERS))
    return replace(found, problems=[*problems, *found.problems])


def _of(entry: Any, key: str) -> Any:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    return value if isinstance(value, str | int) else None


def _part(file: Path) -> str:
    named = NAMED.fullmatch(file.stem)
    return PARTS[named.group(1).lower()] if named else TRAIN


def _files(folder: Path) -> list[Path]:
    return [file for file in files_in(folder, [".json"]) if NAMED.fullmatch(file.stem)]
