"""Pascal VOC's label maps: JPEGImages/ with SegmentationClass/, lists in ImageSets/Segmentation.

Palette indices 0 to 20 are the ground and the 20 classes, 255 the rims that count nowhere; classes.txt may say others.
Source: Everingham et al., 2010.
"""

from pathlib import Path

from ..annotated._left_out import LeftOut
from ..annotated._pictures import pictures_in
from ..formats._listing import listing
from ..label_maps import IGNORE, LabelMaps
from ._class_list import ClassList, class_list, palette
from ._maps import assembled
from ._pairs import Folders, paired, parts_from_lists

CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
OFFICIAL = ClassList(
    CLASSES,
    [palette(index) for index in range(len(CLASSES))],
    {IGNORE: IGNORE, **{index: index for index in range(len(CLASSES))}},
    {**{palette(index): index for index in range(len(CLASSES))}, (224, 224, 192): IGNORE},  # rims are cream
)


def recognises(path: Path) -> bool:
    """Is it a folder with SegmentationClass/ and JPEGImages/, or one that holds such a folder?"""
    return path.is_dir() and _root(path) is not None


def read(path: Path) -> LabelMaps:
    """The pictures that have a map: of VOC's own set few have. Raises ValueError that names the folder or file."""
    root = _root(path)
    if root is None:
        raise ValueError(f"{path} holds no label maps of Pascal VOC's; expected SegmentationClass/ and JPEGImages/")
    left = LeftOut(root.name)
    maps = {each.stem for each in pictures_in(root / "SegmentationClass")}
    parts = {stem: part for stem, part in parts_from_lists(root).items() if stem in maps}
    pairs = paired(root, [Folders(root / "JPEGImages", root / "SegmentationClass", "")], left, parts)
    return assembled(path, pairs, left, class_list(root), OFFICIAL)


def _root(path: Path) -> Path | None:
    places = [path, *listing(path)[0]]
    found = [place for place in places if (place / "SegmentationClass").is_dir() and (place / "JPEGImages").is_dir()]
    return found[0] if found else None
