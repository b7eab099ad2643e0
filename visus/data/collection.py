"""A collection: labelled pictures somewhere, not yet decoded. Every importer returns one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .decode import Frame, read, read_array

TRAIN, VALIDATION, TEST = "train", "validation", "test"


class Pictures(Protocol):
    """Where the pixels of a collection come from."""

    def __len__(self) -> int: ...

    def load(self, index: int, frame: Frame) -> NDArray[np.uint8]:
        """Picture `index` as RGB bytes (frame.height, frame.width, 3); raises UnreadablePictureError naming it."""
        ...


@dataclass(frozen=True)
class Files:
    """Pictures that lie in files, decoded when asked for."""

    paths: Sequence[Path]

    def __len__(self) -> int:
        return len(self.paths)

    def load(self, index: int, frame: Frame) -> NDArray[np.uint8]:
        return read(self.paths[index], frame)


@dataclass(frozen=True)
class Arrays:
    """Pictures already decoded: uint8 (N, H, W) grey or (N, H, W, 3) RGB."""

    values: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.values)

    def load(self, index: int, frame: Frame) -> NDArray[np.uint8]:
        return read_array(self.values[index], frame)


@dataclass(frozen=True)
class Collection:
    """Labelled pictures.

    names: N unique names a person recognises, a path relative to `origin` or `train[17]`.
    labels: (N,) indices into `classes`. splits: N of 'train', 'validation', 'test' or '' (unstated), or None.
    groups: N keys of things that must stay on one side of a split (a patient, a video), or None.
    problems: sentences about entries that were left out while importing, each naming its file.
    """

    origin: str
    pictures: Files | Arrays
    names: Sequence[str]
    labels: NDArray[np.int64]
    classes: Sequence[str]
    splits: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    problems: Sequence[str] = field(default=())

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, rows: NDArray[np.int64]) -> "Collection":
        """The entries `rows`, in that order; classes stay as they are."""
        pictures = (
            Files([self.pictures.paths[i] for i in rows])
            if isinstance(self.pictures, Files)
            else Arrays(self.pictures.values[rows])
        )
        return Collection(
            self.origin,
            pictures,
            [self.names[i] for i in rows],
            self.labels[rows],
            self.classes,
            None if self.splits is None else [self.splits[i] for i in rows],
            None if self.groups is None else [self.groups[i] for i in rows],
            self.problems,
        )
