"""What the checks of label maps look at: one row per map, gathered in a single pass over the files."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..audit._evidence import Evidence
from ..collection import TRAIN
from ..decode import Frame, UnreadablePictureError, read_size, read_with_header
from ..label_maps import IGNORE, LabelMaps
from ..map_pixels import Code, read_classes

PEEK = Frame(1, 1, "stretch")  # of the map as a picture only the header is looked at


@dataclass(frozen=True)
class Seen:
    """One map as the audit saw it. `error` is '' for a readable one, else one sentence."""

    error: str = ""
    format: str = ""  # Pillow's name: PNG, JPEG, ...
    size: tuple[int, int] = (0, 0)  # height and width of the map
    picture_size: tuple[int, int] = (0, 0)  # and of its picture, as shown; zeros if it cannot be read
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # (K,) pixels of each class
    ignored: int = 0  # pixels that are of no class, the unknown included
    unknown: Mapping[Code, int] = field(default_factory=dict)  # codes that no class has, with their pixels

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]


@dataclass(frozen=True)
class MapEvidence:
    """The label maps, what was seen of each in the same order, and what the audit of pictures saw, or None."""

    found: LabelMaps
    seen: list[Seen]
    pictures: Evidence | None = None

    @property
    def readable(self) -> list[int]:
        """Rows of the maps that could be read."""
        return [row for row, one in enumerate(self.seen) if not one.error]

    @property
    def counts(self) -> NDArray[np.int64]:
        """(n, K): pixels of each class in each readable map."""
        rows = [self.seen[row].counts for row in self.readable]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.found.classes))

    def map_names(self, rows: list[int]) -> list[str]:
        """The files of maps, as a person finds them."""
        return [self.found.maps[row].name for row in rows]

    def in_part(self, part: str) -> list[int]:
        """Readable rows of a stated part; unstated ones count as training."""
        splits = self.found.splits
        return [row for row in self.readable if splits is not None and (splits[row] or TRAIN) == part]


def look(found: LabelMaps, pictures: Evidence | None = None) -> MapEvidence:
    """Read every map once, in threads."""
    with ThreadPoolExecutor() as threads:  # decoding releases Python's lock
        return MapEvidence(found, list(threads.map(lambda row: _seen(found, row), range(len(found)))), pictures)


def _seen(found: LabelMaps, row: int) -> Seen:
    try:
        classes, unknown = read_classes(found.maps[row], found.codes)
        _, header = read_with_header(found.maps[row], PEEK)
    except (UnreadablePictureError, ValueError) as error:
        return Seen(str(error), _format(found.maps[row]))
    try:
        picture_size = read_size(found.paths[row])
    except UnreadablePictureError:
        picture_size = 0, 0  # the audit of pictures names it
    counted = np.bincount(classes.ravel(), minlength=IGNORE + 1)
    size = classes.shape[0], classes.shape[1]
    counts = counted[: len(found.classes)].astype(np.int64)
    return Seen("", header.format, size, picture_size, counts, int(counted[IGNORE]), unknown)


def _format(path: Path) -> str:
    try:
        return read_with_header(path, PEEK)[1].format
    except UnreadablePictureError:
        return ""
