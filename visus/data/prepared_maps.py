"""Pictures with label maps, ready to be learned from: opened, looked at, split, maps in the pictures' frame."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import prepare as looking
from .audit._gather import Gathered, gather
from .batches import Prepared
from .collection import TRAIN
from .decode import Frame, UnreadablePictureError, read_size
from .label_maps import IGNORE, LabelMaps
from .map_framing import framed
from .map_pixels import Code, read_classes
from .named import cache
from .open_annotations import open_maps
from .split import PARTS, Split
from .strata import divide, pictures_of

LARGEST_PX = 480  # long side of the frame unless asked otherwise: every pixel is answered, and costs
FRAMINGS = ("pad", "stretch", "crop")
FEWEST = 6  # pictures: two of each stratum for each part
PEEK = 200  # files whose headers are read to find out how large the pictures are
ALIKE = 0.02  # that the proportions of a map may differ from its picture's: a pixel lost to rounding
SHOWN = 3  # codes named in a sentence


@dataclass(frozen=True)
class PreparedMaps:
    """Pictures, all of one size, and the class of every pixel.

    pictures: decoded or to be decoded, in three parts; its labels are strata that the split kept alike, nothing to be
    told. sizes: (N, 2), height and width of the files as shown. source: the same rows as they were found. counts:
    (N, K), pixels of each class in each map, in the frame. painted: uint8 (N, H, W), all maps, or None if they are
    read when needed. problems: what was left out.
    """

    pictures: Prepared
    sizes: NDArray[np.int64] = field(repr=False)
    source: LabelMaps = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)
    painted: Tensor | None = field(default=None, repr=False)
    problems: Sequence[str] = field(default=())

    def __deepcopy__(self, memo: dict[int, Any]) -> "PreparedMaps":
        return self  # examinations copy tasks; what is never changed is shared

    @property
    def origin(self) -> str:
        """Where it came from: a path, or the name of a set."""
        return self.source.origin

    @property
    def classes(self) -> Sequence[str]:
        return self.source.classes

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @property
    def colours(self) -> Sequence[tuple[int, int, int]]:
        return self.source.colours

    @property
    def split(self) -> Split:
        """Rows of the three parts; `hash` is made of what the pictures show."""
        return self.pictures.split

    @property
    def image(self) -> tuple[int, int, int]:
        return self.pictures.image

    @property
    def frame(self) -> Frame:
        return self.pictures.frame

    def rows(self, part: str) -> NDArray[np.int64]:
        """Rows of the pictures of 'train', 'validation' or 'test'."""
        return self.pictures.rows(part)

    def names(self, part: str) -> list[str]:
        """The names of the pictures of a part, in its order."""
        return [self.pictures.collection.names[row] for row in self.rows(part)]

    def maps(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 (B, H, W): the class of every pixel of the frame, IGNORE where none counts."""
        if self.painted is not None:
            return self.painted[torch.from_numpy(rows)]
        return torch.from_numpy(np.stack([framed(self.original(row), self.frame, *self.sizes[row]) for row in rows]))

    def original(self, row: int) -> NDArray[np.uint8]:
        """The class of every pixel of a map's file, uint8 (h, w)."""
        return read_classes(self.source.maps[row], self.source.codes)[0]

    def shares(self, part: str = TRAIN) -> NDArray[np.float64]:
        """(K,) the share of each class among the pixels of a part that count."""
        counts = self.counts[self.rows(part)].sum(0)
        return np.asarray(counts / max(1, counts.sum()), dtype=np.float64)

    def limited(self, train: int | None = None, validation: int | None = None) -> "PreparedMaps":
        """The same with at most so many training and validation pictures, spread evenly over each part."""
        return replace(self, pictures=self.pictures.limited(train, validation))

    def without_test(self) -> "PreparedMaps":
        """The same without its test pictures: neither these nor their maps are in what comes back."""
        rows = np.sort(np.concatenate([self.split.train, self.split.validation]))
        return replace(
            self,
            pictures=self.pictures.without_test(),
            sizes=self.sizes[rows],
            source=self.source.subset(rows),
            counts=self.counts[rows],
            painted=None if self.painted is None else self.painted[torch.from_numpy(rows)],
        )

    def facts(self) -> dict[str, Any]:
        """Figures of the data, by part: pictures, share of pixels of each class and of those that do not count."""
        found: dict[str, Any] = {"classes": list(self.classes), "size": list(self.image[1:])}
        area = self.image[1] * self.image[2]
        for part in PARTS:
            counts = self.counts[self.rows(part)]
            found[part] = {
                "pictures": len(counts),
                "shares": dict(zip(self.classes, self.shares(part).tolist(), strict=True)),
                "uncounted": 1 - float(counts.sum()) / max(1, area * len(counts)),
            }
        return found


def prepare_maps(
    source: str | Path | LabelMaps, size: int = 0, framing: str = "pad", seed: int = 0, memory_gib: float = 2.0
) -> PreparedMaps:
    """Open, look at every picture and map, leave out the unreadable, split by picture, bring maps into the frame.

    size: the frame's long side in pixels; 0: the pictures' own median, at most LARGEST_PX. The frame has the median
    proportions of the pictures. A split that the set states is kept; else near-duplicate pictures stay on one side.
    Raises as `open_maps` does, and ValueError for too few pictures, or maps that name no known class.
    """
    found = open_maps(source)
    frame = choose_frame(found, size, framing)
    collection = pictures_of(found)
    kept = frame if looking.fits(collection, frame, memory_gib) else None
    gathered = gather(collection, kept, cache=cache())
    gathered, painted, counts, problems = _with_maps(found, gathered, frame, keep=kept is not None)
    rows = np.array([i for i, one in enumerate(gathered.evidence.observations) if not one.error], dtype=np.int64)
    if len(rows) < FEWEST:
        why = f": {problems[0]}" if problems else ""
        raise ValueError(
            f"{found.origin} has {len(rows)} pictures with a label map that can be read; at least {FEWEST} are needed "
            f"for a training, a validation and a test part{why}"
        )
    gathered, division = divide(found, gathered, counts, seed)
    pictures = looking.finish(gathered, frame, division)
    sizes = np.array([(one.height, one.width) for one in gathered.evidence.observations], dtype=np.int64)
    maps = None if painted is None else torch.from_numpy(painted[rows])
    return PreparedMaps(pictures, sizes[rows], found.subset(rows), counts[rows], maps, [*found.problems, *problems])


def choose_frame(found: LabelMaps, size: int = 0, framing: str = "pad") -> Frame:
    """The frame for these pictures, see `prepare_maps`."""
    if framing not in FRAMINGS:
        raise ValueError(f"framing is one of {', '.join(FRAMINGS)}; got '{framing}'")
    if size < 0:
        raise ValueError(f"size is the frame's long side in pixels, or 0 for the pictures' own; got {size}")
    sizes = []
    for i in np.linspace(0, len(found) - 1, min(PEEK, len(found))).astype(int):
        try:
            sizes.append(read_size(found.paths[i]))
        except UnreadablePictureError:
            continue  # looking at all of them will name it
    if not sizes:
        raise ValueError(f"none of the pictures of {found.origin} can be read; check the path")
    heights, widths = np.array(sizes, dtype=np.float64).T
    wide = float(np.median(widths / heights))
    long = size or min(LARGEST_PX, float(np.median(np.maximum(heights, widths))))
    height, width = (long / wide, long) if wide >= 1 else (long, long * wide)
    return Frame(max(1, round(height)), max(1, round(width)), framing)


# ---- maps: read once, each beside its picture


def _with_maps(
    found: LabelMaps, gathered: Gathered, frame: Frame, keep: bool
) -> tuple[Gathered, NDArray[np.uint8] | None, NDArray[np.int64], list[str]]:
    """Pictures whose map cannot be used counted as unreadable, the maps (N, H, W), their pixels (N, K), and why."""
    observations = list(gathered.evidence.observations)
    painted = np.full((len(found), frame.height, frame.width), IGNORE, dtype=np.uint8) if keep else None
    counts = np.zeros((len(found), len(found.classes)), dtype=np.int64)
    problems = []

    def look(row: int) -> tuple[NDArray[np.uint8], dict[Code, int]] | str:
        if observations[row].error:
            return observations[row].error
        try:
            return read_classes(found.maps[row], found.codes)
        except UnreadablePictureError as error:
            return str(error)

    with ThreadPoolExecutor() as threads:  # decoding releases Python's lock
        for row, seen in enumerate(threads.map(look, range(len(found)))):
            one = observations[row]
            size = one.height, one.width
            wrong = seen if isinstance(seen, str) else _mismatch(found, row, seen[0].shape, size)
            if wrong or isinstance(seen, str):
                problems.append(wrong)
                observations[row] = replace(one, error=wrong)
                continue
            classes, unknown = seen
            inside = framed(classes, frame, *size)
            counts[row] = np.bincount(inside[inside != IGNORE], minlength=len(found.classes))
            if unknown:
                problems.append(_unknown(found, row, unknown))
            if painted is not None:
                painted[row] = inside
    evidence = replace(gathered.evidence, observations=observations)
    return replace(gathered, evidence=evidence), painted, counts, problems


def _mismatch(found: LabelMaps, row: int, own: Sequence[int], picture: Sequence[int]) -> str:
    """A sentence if a map cannot be laid over its picture."""
    (h, w), (height, width) = own, picture
    if (h, w) == (height, width) or abs((w / h) / (width / height) - 1) <= ALIKE:
        return ""
    return (
        f"{found.maps[row].name} is {h} x {w} pixels and its picture {found.paths[row].name} is {height} x {width}; "
        "left out: bring both to the same proportions"
    )


def _unknown(found: LabelMaps, row: int, unknown: Mapping[Code, int]) -> str:
    codes = list(unknown.items())
    listed = ", ".join(f"{code} ({n} pixels)" for code, n in codes[:SHOWN])
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return f"{found.maps[row].name} has codes that no class has: {listed}{more}; they do not count: complete the list"
