"""COCO JSON: boxes, outlines as polygons or run lengths, and keypoints, in a file or in the folder it lies in.

instances_train2017.json and the like lie in annotations/ or beside the pictures; a folder train/ with one JSON file in
it is understood too. Of one folder instances_* go before person_keypoints_*: give the file, to have the others.
Source: Lin et al., 2014; the data's format at cocodataset.org.
"""

import json
import mmap
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..annotations import Annotations
from ..decode import UnreadablePictureError
from ..formats._listing import listing
from ._coco_objects import Categories, marked
from ._coco_write import write as write
from ._joined import Gathered
from ._left_out import LeftOut
from ._marks import Marks
from ._pictures import folders, found, part_of, size_of

FAMILIES = ("instances", "person_keypoints", "")  # of the files of a folder those of the first family there are taken
NAMED = re.compile(r"(?P<family>instances|person_keypoints)_?(?P<inner>.*)", re.IGNORECASE)
OTHERS = ("captions_", "panoptic_", "image_info_", "stuff_")  # COCO's files that mark no objects
LISTS = ("images", "annotations", "categories")
PICTURE_FOLDERS = ("images", "JPEGImages", "data", "train", "val", "valid", "test")


def recognises(path: Path) -> bool:
    """Is it a JSON file with annotations and categories, or a folder with such files in it or in its annotations/?"""
    return bool(_files(path)) if path.is_dir() else _marks_objects(path)


def read(path: Path, family: str = "") -> Annotations:
    """The pictures that the file or files describe. Raises ValueError that names the file.

    family: of a folder's files those called so, instances or person_keypoints; '': instances before others.
    """
    files = _files(path, family) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"{path} holds no JSON file {family}; expected COCO's annotations/instances_train.json")
    loaded = {file: load(file) for file in files}
    categories = Categories.of({file: facts["categories"] for file, facts in loaded.items()})
    parts = {file: _part(file) if len(files) > 1 else "" for file in files}
    if len(set(parts.values())) < len(files):
        twice = [file.name for file in files if list(parts.values()).count(parts[file]) > 1]
        raise ValueError(
            f"{path} has {len(twice)} files that do not say which part they are for ({', '.join(twice[:5])}); give one "
            "of them, or call them instances_train.json, instances_val.json"
        )
    gathered = Gathered()
    problems: list[str] = []
    for file in files:
        problems += _add(gathered, file, loaded[file], categories, parts[file])
    others = {parts[file]: {k: v for k, v in facts.items() if k not in LISTS} for file, facts in loaded.items()}
    return gathered.annotations(
        path,
        categories.names,
        {"categories": categories.entries, "files": others},
        problems,
        keypoint_names=categories.keypoint_names,
        skeleton=categories.skeleton,
        mirrored=mirrored(categories.keypoint_names),
    )


def load(file: Path) -> dict[str, Any]:
    """The object in a file, with its three lists. Raises ValueError that names the file."""
    try:
        facts = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        why = str(error).partition("\n")[0]
        raise ValueError(f"{file} is no JSON that can be read ({why}); fetch it again") from None
    if not isinstance(facts, dict):
        raise ValueError(
            f"{file} holds a {type(facts).__name__}; expected COCO's object with the lists {', '.join(LISTS)}"
        )
    if missing := [name for name in LISTS if not isinstance(facts.get(name), list)]:
        raise ValueError(
            f"{file} has no list called {' or '.join(missing)}; expected COCO's {', '.join(LISTS)}, as in "
            "instances_train2017.json"
        )
    return facts


def mirrored(names: tuple[str, ...]) -> list[int]:
    """Of each keypoint the one that it becomes in a mirror, by its name: left becomes right."""
    places = {name: place for place, name in enumerate(names)}

    def other(name: str) -> str:
        return re.sub(
            "left|right", lambda side: {"left": "right", "right": "left"}[side.group().lower()], name, flags=re.I
        )

    return [places.get(other(name), place) for place, name in enumerate(names)]


def _add(gathered: Gathered, file: Path, facts: Mapping[str, Any], categories: Categories, part: str) -> list[str]:
    """The pictures of one file, and what is left out of it."""
    left = LeftOut(file.name)
    pictures = _pictures(file, facts["images"], left)
    of_picture: dict[Any, list[Mapping[str, Any]]] = {key: [] for key in pictures}
    for place, annotation in enumerate(facts["annotations"]):
        key = annotation.get("image_id") if isinstance(annotation, Mapping) else None
        if not isinstance(annotation, Mapping):
            left.add("annotations that are no objects", f"entry {place}")
        elif key is None:
            left.add("annotations without image_id", _called(annotation, place))
        elif not isinstance(key, int | str) or key not in pictures:
            left.add("annotations of pictures that are not listed or left out", f"{_called(annotation, place)}: {key}")
        else:
            of_picture[key].append(annotation)
    for key, (path, (height, width), image) in pictures.items():
        marks = Marks(height, width, len(categories.keypoint_names))
        for place, annotation in enumerate(of_picture[key]):
            marked(marks, annotation, categories, left, f"{_called(annotation, place)} of {image['file_name']}")
        gathered.add(path, str(image["file_name"]), (height, width), marks.objects(), part, image)
    if not pictures:
        raise ValueError(
            f"{file} names no picture that can be used: {'; '.join(left.sentences()) or 'images is empty'}"
        )
    return left.sentences()


def _called(annotation: Mapping[str, Any], place: int) -> str:
    return f"annotation {annotation['id']}" if "id" in annotation else f"annotation without id ({place})"


def _pictures(
    file: Path, images: list[Any], left: LeftOut
) -> dict[Any, tuple[Path, tuple[int, int], Mapping[str, Any]]]:
    """The pictures that can be used, by id: where they lie, height and width, and what the file says of them."""
    places = _places(file)
    pictures: dict[Any, tuple[Path, tuple[int, int], Mapping[str, Any]]] = {}
    taken: set[Path] = set()
    for place, image in enumerate(images):
        key, name = (image.get("id"), image.get("file_name")) if isinstance(image, Mapping) else (None, None)
        if not isinstance(key, int | str) or not isinstance(name, str):
            left.add("pictures without id or file_name", f"entry {place} of images")
            continue
        path = found(places, name)
        if path is None:
            left.add(f"pictures that are not there (looked for in {places[0]} and around it)", name)
        elif key in pictures or path in taken:
            left.add("pictures that are listed twice", f"{name} (id {key})")
        elif (size := _size(path, image, name, left)) is not None:
            pictures[key] = path, size, image
            taken.add(path)
    return pictures


def _size(path: Path, image: Mapping[str, Any], name: str, left: LeftOut) -> tuple[int, int] | None:
    """The picture's size, where it is the one the file says, if it says one."""
    try:
        size = size_of(path)
    except UnreadablePictureError as error:
        left.add("pictures that cannot be read", str(error))
        return None
    said = image.get("height"), image.get("width")
    if None not in said and said != size:
        left.add("pictures of another size than said", f"{name} is {size[1]} x {size[0]}, not {said[1]} x {said[0]}")
        return None
    return size


def _places(file: Path) -> list[Path]:
    """The folders that pictures may lie in, the likeliest first."""
    named = NAMED.fullmatch(file.stem)
    inner = named["inner"] if named else ""
    own = [inner, f"images/{inner}"] if inner else []
    around = [*own, *PICTURE_FOLDERS, *(f"images/{name}" for name in PICTURE_FOLDERS[3:]), ""]
    beside = [""] if part_of(file.parent.name) else []  # train/_annotations.coco.json
    return folders([file.parent], beside) + folders([file.parent.parent, file.parent], around)


def _files(folder: Path, wanted: str = "") -> list[Path]:
    """The files of the first family that is there, of a folder, its annotations/ and its folders of parts."""
    inside = [each for each in listing(folder)[0] if each.name.lower() == "annotations" or part_of(each.name)]
    files = [file for place in (folder, *inside) for file in listing(place)[1] if file.suffix.lower() == ".json"]
    files = [file for file in files if not file.name.startswith(OTHERS) and _marks_objects(file)]
    for family in (wanted,) if wanted else FAMILIES:
        if chosen := [file for file in files if _family(file) == family]:
            return chosen
    return []


def _family(file: Path) -> str:
    named = NAMED.fullmatch(file.stem)
    return named["family"].lower() if named else ""


def _part(file: Path) -> str:
    """What a file of several is for, by its own name or that of its folder."""
    named = NAMED.fullmatch(file.stem)
    return part_of(named["inner"] if named else file.stem) or part_of(file.parent.name)


def _marks_objects(file: Path) -> bool:
    """Does a JSON file hold annotations of categories? Looked for as text: it may be half a gigabyte."""
    if file.suffix.lower() != ".json" or not file.is_file():
        return False
    if NAMED.fullmatch(file.stem):
        return True
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b'"annotations"') >= 0 and content.find(b'"categories"') >= 0
    except (OSError, ValueError):  # an empty file cannot be mapped
        return False
