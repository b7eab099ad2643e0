"""Pascal VOC XML: boxes, a file per picture, in Annotations/ with JPEGImages/ beside it or among the pictures.

Lists such as ImageSets/Main/train.txt or folders such as train/ state the parts. xmin is counted from 1 and xmax
included, as the set's kit says: a box x1, y1, x2, y2 is xmin - 1, ymin - 1, xmax, ymax.
Source: Everingham et al., 2010.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..annotations import Annotations
from ..decode import UnreadablePictureError
from ..formats._listing import listing
from ._joined import Gathered
from ._left_out import LeftOut
from ._marks import BadMarkError, Marks, number
from ._pictures import found, part_of, pictures_in, size_of
from ._voc_write import write as write
from ._voc_xml import BadFileError, Marked, looks_like_voc, parsed
from ._written import exactly

LISTS = ("train", "val", "test", "trainval")  # trainval counts where there is no train
CLASS_LISTS = ("classes.txt", "labels.txt", "class_names.txt")


def recognises(path: Path) -> bool:
    """Is it one XML file of VOC's, or a folder with such?"""
    if not path.is_dir():
        return looks_like_voc(path)
    return any(looks_like_voc(files[0]) for _, files, _ in _places(path))


def read(path: Path) -> Annotations:
    """The pictures that the files describe, by name. Raises ValueError that names the folder or file."""
    root = path if path.is_dir() else path.parent
    places = _places(root) if path.is_dir() else [(root, [path], "")]
    base = _base(places, root)
    left = LeftOut(base.name)
    parts = _parts(base)
    read_files = [
        (file, marked, part) for _, files, part in places for file in files if (marked := _marked(file, left))
    ]
    classes = _classes(base, [marked for _, marked, _ in read_files])
    gathered = Gathered()
    taken: set[Path] = set()
    for file, marked, part in read_files:
        if parts and (part := parts.get(file.stem, "")) == "":
            left.add("pictures in none of the lists of ImageSets/Main", file.stem)
            continue
        picture = _picture(file, marked, taken, left)
        if picture is not None:
            taken.add(picture[0])
            _add(gathered, file, marked, picture, classes, part, left)
    if parts and (missing := sorted(parts.keys() - {file.stem for file, _, _ in read_files})):
        left.add("names in ImageSets/Main without an XML file", ", ".join(missing[:5]))
    return gathered.annotations(path, list(classes), {}, left.sentences())


def _add(
    gathered: Gathered,
    file: Path,
    marked: Marked,
    picture: tuple[Path, tuple[int, int]],
    classes: Mapping[str, int],
    part: str,
    left: LeftOut,
) -> None:
    path, (height, width) = picture
    marks = Marks(height, width)
    for place, (name, box, facts) in enumerate(marked.objects):
        called = f"object {place} ('{name}') of {file.name}"
        try:
            if name not in classes:
                raise BadMarkError("objects of a class that is not in the list of classes", f"'{name}'")
            marks.add(_box(box), classes[name], facts.get("iscrowd") == "1", facts={**facts})
        except BadMarkError as error:
            left.add(error.reason, f"{called}: {error}")
    gathered.add(path, path.name, (height, width), marks.objects(), part, marked.facts)


def _box(box: Sequence[str | None]) -> Sequence[float | str | None]:
    """xmin, ymin, xmax, ymax -> x1, y1, x2, y2; what is no number stays, to be named."""
    values = [number(value) for value in box]
    if any(value is None for value in values):
        return box
    xmin, ymin, xmax, ymax = (value for value in values if value is not None)
    # Equal ends are one pixel by VOC's counting, yet in sets made by tools they are slips of the hand. Ends written
    # with decimals are places, not numbers of pixels, and may lie as near as they like.
    if (xmax <= xmin or ymax <= ymin) and not any("." in str(value) for value in box):
        raise BadMarkError("boxes without area", f"({xmin:g}, {ymin:g}, {xmax:g}, {ymax:g})")
    return exactly(xmin, -1), exactly(ymin, -1), xmax, ymax


def _marked(file: Path, left: LeftOut) -> Marked | None:
    try:
        return parsed(file)
    except BadFileError as error:
        left.add(error.reason, f"{file.name}: {error}")
        return None


def _picture(file: Path, marked: Marked, taken: set[Path], left: LeftOut) -> tuple[Path, tuple[int, int]] | None:
    """The picture of an XML file, height and width, where it can be used."""
    around = [file.parent.parent / "JPEGImages", file.parent.parent / "images", file.parent, file.parent.parent]
    around = [place for place in around if place.is_dir()]
    suffixes = [".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG", ".bmp", ".tif", ".webp"]
    path = found(around, marked.filename) if marked.filename else None
    if path is None or path.stem != file.stem:
        # the file's own name is surer: tools copy an XML file and leave another's <filename> in it
        path = next((there for suffix in suffixes if (there := found(around, file.stem + suffix))), path)
    if path is None:
        left.add("pictures that are not there", f"{marked.filename or file.stem} of {file.name}")
        return None
    if path in taken:
        left.add("XML files of a picture that has one already", f"{file.name}: {path.name}")
        return None
    try:
        size = size_of(path)
    except UnreadablePictureError as error:
        left.add("pictures that cannot be read", str(error))
        return None
    if marked.size is not None and marked.size != size:
        said = f"{path.name} is {size[1]} x {size[0]}, not {marked.size[1]} x {marked.size[0]}"
        left.add("pictures of another size than their XML says", said)
        return None
    return path, size


def _places(folder: Path, depth: int = 1) -> list[tuple[Path, list[Path], str]]:
    """Folders with XML files, these, and the part they are for: Annotations/, folders of parts, or the folder itself.

    One folder further down too: an archive unpacks into VOCdevkit/VOC2007, or bccd/BCCD.
    """
    inside, _, _ = listing(folder)
    for own in (each for each in inside if each.name == "Annotations"):
        if files := _xml_files(own):
            return [(own, files, "")]
    parts = [(each, files, part_of(each.name)) for each in inside if part_of(each.name) and (files := _xml_files(each))]
    if parts:
        return parts
    if (files := _xml_files(folder)) and (pictures_in(folder) or depth):
        return [(folder, files, "")]
    deeper = [places for each in inside if depth and (places := _places(each, depth - 1))]
    return deeper[0] if len(deeper) == 1 else []


def _xml_files(folder: Path) -> list[Path]:
    return [file for file in listing(folder)[1] if file.suffix.lower() == ".xml"]


def _base(places: Sequence[tuple[Path, list[Path], str]], root: Path) -> Path:
    """The folder that holds Annotations/ and ImageSets/."""
    if not places:
        raise ValueError(f"{root} holds no XML file; expected Pascal VOC's Annotations/*.xml and JPEGImages/")
    first = places[0][0]
    return first.parent if first.name == "Annotations" or places[0][2] else first


def _parts(base: Path) -> dict[str, str]:
    """The part of each picture by its name without suffix, from ImageSets/Main; empty where there are no lists."""
    folder = base / "ImageSets" / "Main"
    lists = {name: folder / f"{name}.txt" for name in LISTS if (folder / f"{name}.txt").is_file()}
    if "train" in lists:
        lists.pop("trainval", None)
    return {
        line.split()[0]: part_of(name)
        for name, file in lists.items()
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.strip()
    }


def _classes(base: Path, marked: Sequence[Marked]) -> dict[str, int]:
    """The class names of a list beside the files, or all that occur, by name; each with its index."""
    listed = next((base / name for name in CLASS_LISTS if (base / name).is_file()), None)
    if listed is not None:
        lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
        names = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    else:
        names = sorted({name for one in marked for name, _, _ in one.objects if name})
    return {name: place for place, name in enumerate(names)}
