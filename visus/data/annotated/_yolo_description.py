"""What a YOLO set says of itself: data.yaml, or a list of class names, one a line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..collection import TEST, TRAIN, VALIDATION
from ._little_yaml import read_yaml

DESCRIPTIONS = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
CLASS_LISTS = ("classes.txt", "obj.names", "names.txt", "_darknet.labels")
PARTS = {"train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "test": TEST}


@dataclass(frozen=True)
class Description:
    """classes: none if nothing names them. parts: of each the folders or lists of pictures, empty if it is not said."""

    classes: Sequence[str] = ()
    parts: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    keypoint_names: tuple[str, ...] = ()
    values_per_keypoint: int = 3
    skeleton: Sequence[tuple[int, int]] = ()
    mirrored: Sequence[int] = ()


def described(file: Path | None, root: Path) -> Description:
    """Raises ValueError that names the file."""
    if file is None or file.is_dir():
        return Description()
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}); check that it is there and readable") from None
    if file.suffix.lower() not in (".yaml", ".yml"):
        return Description(_checked([line.strip() for line in text.splitlines() if line.strip()], file))
    said = read_yaml(text, file)
    classes = _classes(said.get("names"), said.get("nc"), file)
    names, values = _keypoints(said, file)
    flip = said.get("flip_idx") or []
    return Description(
        classes,
        _parts(said, file, root),
        names,
        values,
        _skeleton(said.get("skeleton"), len(names)),
        [int(place) for place in flip] if len(flip) == len(names) else list(range(len(names))),
    )


def _classes(names: Any, count: Any, file: Path) -> list[str]:
    if isinstance(names, Mapping):
        keys = [str(key) for key in names]
        if sorted(keys) != sorted(str(place) for place in range(len(keys))):
            raise ValueError(
                f"{file}: names are numbered {', '.join(keys[:5])}; expected 0 to {len(keys) - 1} without gaps"
            )
        names = [names[key] for key in sorted(names, key=int)]
    if not isinstance(names, list) or not names:
        raise ValueError(f"{file} has no list called names; expected a line such as names: [cat, dog]")
    if isinstance(count, int) and count != len(names):
        raise ValueError(f"{file} says nc: {count} and lists {len(names)} names; make them agree")
    return _checked([str(name) for name in names], file)


def _checked(names: list[str], file: Path) -> list[str]:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{file} lists the class '{twice[0]}' twice; give each class a name of its own")
    return names


def _parts(said: Mapping[str, Any], file: Path, root: Path) -> dict[str, list[Path]]:
    base = (file.parent / str(said["path"])).resolve() if said.get("path") else file.parent
    bases = [base, file.parent, root]
    parts: dict[str, list[Path]] = {}
    for key, part in PARTS.items():
        value = said.get(key)
        for one in value if isinstance(value, list) else [value] if value else []:
            # "../train/images" is written by some tools for a folder beside data.yaml
            tried = [place / name for place in bases for name in (str(one), re.sub(r"^(\.\./)+", "", str(one)))]
            found = next((place for place in tried if place.exists()), None)
            if found is None:
                raise ValueError(f"{file} says {key}: {one}, and there is nothing at {tried[0]}; correct the path")
            own = parts.setdefault(part, [])
            if found.resolve() not in {place.resolve() for known in parts.values() for place in known}:
                own.append(found)
    return {part: places for part, places in parts.items() if places}


def _keypoints(said: Mapping[str, Any], file: Path) -> tuple[tuple[str, ...], int]:
    shape = said.get("kpt_shape")
    if shape is None:
        return (), 3
    if not isinstance(shape, list) or len(shape) != 2 or shape[1] not in (2, 3) or not isinstance(shape[0], int):
        raise ValueError(f"{file} says kpt_shape: {shape}; expected [number of keypoints, 2 or 3]")
    names = said.get("kpt_names") or said.get("keypoint_names")
    names = next(iter(names.values()), None) if isinstance(names, Mapping) else names
    if not isinstance(names, list) or len(names) != shape[0]:
        names = [f"point {place}" for place in range(shape[0])]
    return tuple(str(name) for name in names), shape[1]


def _skeleton(said: Any, n_points: int) -> list[tuple[int, int]]:
    pairs = [pair for pair in said if isinstance(pair, list) and len(pair) == 2] if isinstance(said, list) else []
    return [(int(a), int(b)) for a, b in pairs if 0 <= int(a) < n_points and 0 <= int(b) < n_points]
