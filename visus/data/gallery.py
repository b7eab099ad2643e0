"""Pictures to be made more of: any collection, or a folder of pictures without classes."""

from pathlib import Path

import numpy as np

from .collection import Collection, Files
from .download import Progress
from .source import open_collection

UNNAMED = ("pictures",)  # the one class of pictures that have none
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"})


def open_gallery(source: str | Path, progress: Progress | None = None) -> Collection:
    """A named set, whatever an importer of labelled pictures understands, or a folder with pictures in it.

    Raises LookupError, FileNotFoundError or ValueError as `open_collection` does.
    """
    if loose := loose_pictures(source):
        names = [path.name for path in loose]
        return Collection(str(source), Files(loose), names, np.zeros(len(loose), dtype=np.int64), UNNAMED)
    return open_collection(source, progress)


def loose_pictures(source: str | Path) -> list[Path]:
    """The pictures that lie in a folder itself, if there are any and no folder beside them; else nothing."""
    folder = Path(source).expanduser()
    if not folder.is_dir():
        return []
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if any(path.is_dir() for path in inside) or any(path.suffix.lower() in (".csv", ".tsv") for path in inside):
        return []
    return [path for path in inside if path.suffix.lower() in SUFFIXES]
