"""YOLO text: data.yaml or classes.txt, with images/ and labels/ beside each other; boxes, polygons or keypoints.

A line of labels/a.txt is the class and, in shares of the picture's width and height, the centre and sides of a box, the
points of a polygon, or, where data.yaml gives kpt_shape, a box and its keypoints. A picture without a file is a ground
without objects. Source: Redmon et al., 2016 (Darknet); docs.ultralytics.com, "datasets".
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..annotations import Annotations
from ..decode import UnreadablePictureError
from ..formats._listing import listing
from ._joined import Gathered
from ._left_out import LeftOut
from ._marks import BadMarkError, Marks
from ._pictures import part_of, pictures_in, size_of
from ._yolo_description import CLASS_LISTS, DESCRIPTIONS, Description, described
from ._yolo_lines import object_of
from ._yolo_write import HOLDS as HOLDS
from ._yolo_write import write as write


def recognises(path: Path) -> bool:
    """Is it a data.yaml, or a folder with labels in text files beside pictures?"""
    if not path.is_dir():
        return path.suffix.lower() in (".yaml", ".yml") and path.is_file()
    return _description_file(path) is not None and _has_labels(path)


def read(path: Path) -> Annotations:
    """The pictures of all parts. Raises ValueError that names the folder or file."""
    file = path if not path.is_dir() else _description_file(path)
    root = path if path.is_dir() else path.parent
    description = described(file, root)
    left = LeftOut(root.name)
    gathered = Gathered()
    labels_of: dict[Path, Path] = {}
    for part, places in (description.parts or _parts(root)).items():
        for picture in (each for place in places for each in _pictures(place, left)):
            if picture in labels_of:
                left.add("pictures that are listed twice", picture.name)
                continue
            labels_of[picture] = _label_file(picture)
            _add(gathered, root, picture, labels_of[picture], part, description, left)
    _name_labels_alone(labels_of, left)
    if not gathered.paths:
        why = f": {left.sentences()[0]}" if len(left) else "; expected pictures in images/ and text files in labels/"
        raise ValueError(f"{path} has no picture that can be used{why}")
    names = description.classes or _numbered(gathered)
    return gathered.annotations(
        path,
        names,
        {},
        left.sentences(),
        keypoint_names=description.keypoint_names,
        skeleton=description.skeleton,
        mirrored=description.mirrored,
    )


def _add(
    gathered: Gathered, root: Path, picture: Path, labels: Path, part: str, description: Description, left: LeftOut
) -> None:
    try:
        height, width = size_of(picture)
    except UnreadablePictureError as error:
        left.add("pictures that cannot be read", str(error))
        return
    marks = Marks(height, width, len(description.keypoint_names))
    for number, line in enumerate(_lines(labels, left), 1):
        if not line.strip():
            continue
        try:
            found = object_of(line, height, width, description)
            marks.add(found.box, found.label, outline=found.outline, keypoints=found.keypoints)
        except BadMarkError as error:
            left.add(error.reason, f"line {number} of {labels.name}: {error}")
    name = picture.relative_to(root).as_posix() if picture.is_relative_to(root) else picture.name
    gathered.add(picture, name.removeprefix("images/"), (height, width), marks.objects(), part, {})


def _lines(labels: Path, left: LeftOut) -> list[str]:
    if not labels.is_file():
        return []
    try:
        content = labels.read_bytes()
    except OSError as error:
        left.add("label files that cannot be read", f"{labels.name} ({error.strerror})")
        return []
    return content.decode("utf-8-sig", "replace").splitlines()


def _label_file(picture: Path) -> Path:
    """images/ becomes labels/, the last of them in the path; else the text lies beside the picture."""
    parts = list(picture.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place].lower() in ("images", "jpegimages"):
            return Path(*parts[:place], "labels", *parts[place + 1 :]).with_suffix(".txt")
    return picture.with_suffix(".txt")


def _pictures(place: Path, left: LeftOut) -> list[Path]:
    """Those of a folder and the folders in it, or those that a text file lists."""
    if place.is_dir():
        return pictures_in(place) + [each for inner in listing(place)[0] for each in _pictures(inner, left)]
    listed = [line.strip() for line in place.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    found = []
    for line in listed:
        own = place.parent / line.removeprefix("./")
        if own.is_file():
            found.append(own)
        else:
            left.add("pictures that are not there", f"{line} of {place.name}")
    return found


def _parts(root: Path) -> dict[str, list[Path]]:
    """Without a data.yaml: images/train, or train/images, or images/ with lists, or all in one."""
    inside = listing(root)[0]
    images = root / "images"
    own = {part_of(each.name): each for each in (listing(images)[0] if images.is_dir() else []) if part_of(each.name)}
    own = own or {part_of(each.name): each / "images" for each in inside if (each / "images").is_dir()}
    lists = {part_of(file.stem): file for file in listing(root)[1] if file.suffix == ".txt" and part_of(file.stem)}
    if own or lists:
        return {part: [place] for part, place in (own or lists).items()}
    return {"": [images if images.is_dir() else root]}


def _description_file(folder: Path) -> Path | None:
    """data.yaml, or a class list beside labels; the folder itself where there are labels and no list of their names."""
    files = listing(folder)[1]
    by_name = {file.name.lower(): file for file in files}
    found = [by_name[name] for name in (*DESCRIPTIONS, *CLASS_LISTS) if name in by_name]
    found += [file for file in files if file.suffix.lower() in (".yaml", ".yml")]
    inner = folder / "labels" / "classes.txt"  # where labelImg puts it
    return found[0] if found else inner if inner.is_file() else folder if (folder / "labels").is_dir() else None


def _has_labels(folder: Path) -> bool:
    """Text files in labels/, in labels/train, in train/labels, or beside pictures in the folder itself."""
    inside = listing(folder)[0]
    places = [folder / "labels", *((folder / "labels").glob("*/")), *(each / "labels" for each in inside)]
    if any(place.is_dir() and any(_is_label(file) for file in listing(place)[1]) for place in places):
        return True
    stems = {picture.stem for picture in pictures_in(folder)}
    return any(file.stem in stems for file in listing(folder)[1] if _is_label(file))


def _is_label(file: Path) -> bool:
    return file.suffix == ".txt" and file.name.lower() not in CLASS_LISTS


def _name_labels_alone(labels_of: Mapping[Path, Path], left: LeftOut) -> None:
    used = set(labels_of.values())
    for folder in dict.fromkeys(label.parent for label in labels_of.values()):
        for file in listing(folder)[1] if folder.is_dir() else ():
            if _is_label(file) and file not in used and file.stem not in ("train", "val", "test", "valid"):
                left.add("label files without a picture", file.name)


def _numbered(gathered: Gathered) -> Sequence[str]:
    most = max((int(label) for one in gathered.objects for label in one.labels), default=-1)
    return [f"class {number}" for number in range(most + 1)]
