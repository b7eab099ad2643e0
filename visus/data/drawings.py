"""Pictures that a generative model learns from: opened, looked at, split, and turned into the levels of a canvas."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .augment import Augment
from .batches import PART_BATCH, Batches, Prepared, spread
from .canvas import Binarise, Canvas
from .collection import TRAIN, Arrays, Collection
from .decode import UnreadablePictureError, read_size
from .gallery import UNNAMED, open_gallery
from .prepare import prepare
from .split import Split

Batch = tuple[Tensor, ...]
PEEK = 500  # pictures that are asked for their size, and whether they are grey
FIXED_EPOCH = 2**31  # of the draws that a held-out picture is binarised by, once and for all


@dataclass(frozen=True)
class Drawings:
    """Pictures in three parts, as levels of a canvas.

    pictures: decoded or to be decoded, all of one size. seed: of what is drawn of them where the canvas says so;
    held-out parts are drawn once, so that their likelihood is a fixed number.
    """

    pictures: Prepared
    canvas: Canvas
    seed: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> "Drawings":
        return self  # examinations copy tasks; the pictures, never changed, are shared

    @property
    def origin(self) -> str:
        """Where it came from: a path, or the name of a set."""
        return self.pictures.collection.origin

    @property
    def split(self) -> Split:
        return self.pictures.split

    @property
    def classes(self) -> Sequence[str]:
        """What a picture may be; nothing for pictures that have no classes."""
        classes = self.pictures.collection.classes
        return () if tuple(classes) == UNNAMED else classes

    def rows(self, part: str) -> NDArray[np.int64]:
        """Rows of the pictures of 'train', 'validation' or 'test'."""
        return self.pictures.rows(part)

    def names(self, part: str) -> list[str]:
        """The names of the pictures of a part, in its order."""
        return [self.pictures.collection.names[row] for row in self.rows(part)]

    def levels(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8 (B, C, H, W), the same at every call."""
        return self.canvas.of(self.pictures.images(rows), self.seed, FIXED_EPOCH, self.pictures.numbers_of(rows))

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part: levels uint8 (B, C, H, W) and labels int64 (B,); at most `limit`, spread evenly."""
        rows = spread(self.rows(name), limit)
        for first in range(0, len(rows), PART_BATCH):
            some = rows[first : first + PART_BATCH]
            yield self.levels(some), self.pictures.labels(some)

    def limited(self, train: int | None = None, validation: int | None = None) -> "Drawings":
        """The same with at most so many training and validation pictures, spread evenly over each part."""
        return replace(self, pictures=self.pictures.limited(train, validation))

    def without_test(self) -> "Drawings":
        """The same without its test pictures: nothing of them is in what comes back."""
        return replace(self, pictures=self.pictures.without_test())


class DrawingBatches:
    """Shuffled training batches as a function of (seed, step): levels uint8 (B, C, H, W) and labels int64 (B,).

    Where the canvas draws its levels, a picture is drawn anew in every epoch; binarise_once: in none, so that training
    sees one binary picture of each.
    """

    def __init__(
        self, prepared: Drawings, batch: int, seed: int, augment: Augment | None = None, binarise_once: bool = False
    ) -> None:
        self.prepared, self.seed, self.binarise_once = prepared, seed, binarise_once
        self._batches = Batches(prepared.pictures, batch, seed, augment)
        self.steps_per_epoch, self.batch_size = self._batches.steps_per_epoch, self._batches.batch_size

    def __deepcopy__(self, memo: dict[int, Any]) -> "DrawingBatches":
        return self

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Endless training batches from step `start`."""
        yield from map(self.batch, count(start))

    def batch(self, step: int) -> Batch:
        """The training batch of one step."""
        pictures, labels = self._batches.batch(step)
        epoch, rows = self._batches.rows_of(step)
        epoch = FIXED_EPOCH if self.binarise_once else epoch
        numbers = self.prepared.pictures.numbers_of(rows)
        return self.prepared.canvas.of(pictures, self.prepared.seed, epoch, numbers), labels

    def sources(self, step: int) -> list[str]:
        """Names of the pictures in the batch of one step, in its order."""
        return self._batches.sources(step)

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part; see `Drawings`."""
        return self.prepared.part(name, limit)


def prepare_drawings(
    source: str | Path | Collection,
    size: int = 0,
    framing: str = "crop",
    seed: int = 0,
    memory_gib: float = 2.0,
    *,
    channels: int = 0,
    levels: int = 256,
    binarise: Binarise = "draw",
) -> Drawings:
    """Open, look at every picture, leave out the unreadable, split.

    size: side in pixels; 0: as the pictures are, which must then be of one size. channels: 1, 3, or 0: as the pictures
    are. Raises ValueError for pictures of different sizes where none is named, and for grey ones where colour is asked.
    """
    collection = source if isinstance(source, Collection) else open_gallery(source)
    if not size:
        check_one_size(collection)
    pictures = prepare(collection, size, framing, seed, memory_gib, fewest_classes=1)
    return drawn_of(pictures, seed, channels=channels, levels=levels, binarise=binarise)


def drawn_of(
    pictures: Prepared, seed: int = 0, *, channels: int = 0, levels: int = 256, binarise: Binarise = "draw"
) -> Drawings:
    """Prepared pictures as levels. channels: see `prepare_drawings`, which says when ValueError is raised, too."""
    grey = all_grey(pictures)
    if grey and channels == 3:
        origin = pictures.collection.origin
        raise ValueError(f"the pictures of {origin} are grey, and channels=3 asks for colour; use channels=1, or 0")
    _, height, width = pictures.image
    return Drawings(pictures, Canvas(channels or (1 if grey else 3), height, width, levels, binarise), seed)


def check_one_size(collection: Collection) -> None:
    """Raise ValueError if pictures are of different sizes: a model of pixels needs one."""
    if isinstance(collection.pictures, Arrays):
        return
    sizes = set()
    for row in spread(np.arange(len(collection)), PEEK):
        try:
            sizes.add(read_size(collection.pictures.paths[row]))
        except UnreadablePictureError:
            continue  # the audit will name it
    if len(sizes) > 1:
        small, large = min(sizes), max(sizes)
        raise ValueError(
            f"the pictures of {collection.origin} have {len(sizes)} different sizes, from {small[0]} x {small[1]} to "
            f"{large[0]} x {large[1]} pixels, and a model of pixels needs one; name it, as in size=32"
        )


def all_grey(pictures: Prepared) -> bool:
    """Whether no training picture, of some spread evenly, has a colour."""
    images = pictures.images(spread(pictures.rows(TRAIN), PEEK))
    return bool((images[:, :1] == images).all())
