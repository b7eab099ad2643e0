"""Pictures and their label maps, paired by name; which folder holds what, and what part it is for."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..annotated._left_out import LeftOut
from ..annotated._pictures import part_of, pictures_in, size_of
from ..decode import UnreadablePictureError
from ..formats._listing import listing

PICTURES = ("images", "image", "imgs", "img", "pictures", "jpegimages", "photos", "frames", "rgb")
MAPS = (
    *("labels", "label", "masks", "mask", "annotations", "annots", "annot", "labelmaps", "label_maps", "maps", "gt"),
    *("ground_truth", "groundtruth", "segmentation", "segmentations", "seg", "segmentationclass", "targets"),
)
ENDINGS = re.compile(
    r"[ _.-](mask|masks|label|labels|label_?ids|labelTrainIds|l|gt|gtFine_labelIds|seg|segmentation|annot|annotation)$",
    re.IGNORECASE,
)
PICTURE_ENDINGS = re.compile(r"[ _.-](image|img|rgb|leftImg8bit|sat)$", re.IGNORECASE)


@dataclass(frozen=True)
class Folders:
    """A folder of pictures, that of their maps, and the part they are for, '' if it is not said."""

    pictures: Path
    maps: Path
    part: str


@dataclass
class Pairs:
    """Pictures and their maps, lists of equal length."""

    paths: list[Path] = field(default_factory=list)
    maps: list[Path] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)


def folders_in(root: Path) -> list[Folders]:
    """Folders that belong together, empty if there are none: train/ with trainannot/; images/ with labels/, which may
    hold train/, val/, ... or lie in such.
    """
    inside = {each.name.lower(): each for each in listing(root)[0]}
    beside = [
        Folders(own, inside[name], part_of(own.name))
        for key, own in inside.items()
        if part_of(own.name)
        for name in (f"{key}{joint}{word}" for joint in ("", "_", "-") for word in MAPS)
        if name in inside
    ]
    if beside:
        return _with_pictures(beside)
    if (pictures := _named(inside, PICTURES)) and (maps := _named(inside, MAPS)):
        of_maps = {each.name.lower(): each for each in listing(maps)[0]}
        parts = [each for each in listing(pictures)[0] if part_of(each.name) and each.name.lower() in of_maps]
        return _with_pictures(
            [Folders(each, of_maps[each.name.lower()], part_of(each.name)) for each in parts]
            or [Folders(pictures, maps, "")]
        )
    found = []
    for own in (each for each in inside.values() if part_of(each.name)):
        deeper = {each.name.lower(): each for each in listing(own)[0]}
        if (pictures := _named(deeper, PICTURES)) and (maps := _named(deeper, MAPS)):
            found.append(Folders(pictures, maps, part_of(own.name)))
    return _with_pictures(found)


def paired(root: Path, places: Iterable[Folders], left: LeftOut, parts: Mapping[str, str] | None = None) -> Pairs:
    """The pictures that have a map of their size. parts: of each picture by its stem, where folders do not say it."""
    pairs = Pairs()
    for place in places:
        maps: dict[str, Path] = {}
        for each in pictures_in(place.maps):
            maps.setdefault(ENDINGS.sub("", each.stem), each)
            maps[each.stem] = each
        used: set[Path] = set()
        for picture in pictures_in(place.pictures):
            found = maps.get(picture.stem) or maps.get(PICTURE_ENDINGS.sub("", picture.stem))
            part = place.part or (parts or {}).get(picture.stem, "")
            if found is None:
                left.add("pictures without a label map", picture.name)
            elif parts and not part:
                left.add("pictures in none of the lists of parts", picture.name)
            elif _fits(picture, found, left):
                pairs.paths.append(picture)
                pairs.maps.append(found)
                pairs.names.append(picture.relative_to(root).as_posix())
                pairs.splits.append(part)
            if found is not None:
                used.add(found)
        for alone in sorted(set(maps.values()) - used):
            left.add("label maps without a picture", alone.name)
    return pairs


def _fits(picture: Path, label_map: Path, left: LeftOut) -> bool:
    try:
        own, other = size_of(picture), size_of(label_map)
    except UnreadablePictureError as error:
        left.add("pictures or maps that cannot be read", str(error))
        return False
    if own != other:
        sizes = f"{picture.name} is {own[1]} x {own[0]}, its map {other[1]} x {other[0]}"
        left.add("label maps of another size than their picture", sizes)
    return own == other


def parts_from_lists(root: Path) -> dict[str, str]:
    """The part of each picture by its stem, from train.txt, val.txt, ... in a folder, its splits/ or ImageSets/."""
    inner = ("", "splits", "ImageSets/Segmentation", "ImageSets")
    lists: list[tuple[str, Path]] = []
    for folder in (root / name for name in inner if (root / name).is_dir()):
        lists = [(part_of(file.stem), file) for file in listing(folder)[1] if file.suffix == ".txt"]
        lists = [(part, file) for part, file in lists if part]
        if any(file.stem == "train" for _, file in lists):
            lists = [(part, file) for part, file in lists if file.stem != "trainval"]
        if lists:
            break
    return {
        Path(line.split()[0]).stem: part
        for part, file in lists
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.strip()
    }


def _named(inside: Mapping[str, Path], names: Sequence[str]) -> Path | None:
    return next((inside[name] for name in names if name in inside), None)


def _with_pictures(found: Sequence[Folders]) -> list[Folders]:
    """Those that hold pictures and maps: labels/ may just as well hold text."""
    return [each for each in found if pictures_in(each.pictures) and pictures_in(each.maps)]
