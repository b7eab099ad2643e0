"""A collection: labelled pictures somewhere, not yet decoded. Every importer returns one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .decode import Frame, read, read_array

TRAIN, VALIDATION, TEST = "train", "validation", "test"
CLASSES, ATTRIBUTES, NUMBERS = "classes", "attributes", "numbers"  # what may be told of a picture


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
    kind: what is to be told of a picture. For 'attributes' and 'numbers' that is targets, float32 (N, T), called
    target_names; labels and classes are then strata, parts of like targets that a split is to keep alike.
    """

    origin: str
    pictures: Files | Arrays
    names: Sequence[str]
    labels: NDArray[np.int64]
    classes: Sequence[str]
    splits: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    problems: Sequence[str] = field(default=())
    kind: str = CLASSES
    targets: NDArray[np.float32] | None = None
    target_names: Sequence[str] = field(default=())

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def outputs(self) -> Sequence[str]:
        """What a model of it has one output each for: the classes, or the targets."""
        return self.classes if self.targets is None else self.target_names

    def said(self, row: int) -> str:
        """What is true of a picture, in words: its class, or its targets."""
        if self.targets is None:
            return str(self.classes[self.labels[row]])
        values = dict(zip(self.target_names, self.targets[row].tolist(), strict=True))
        if self.kind == ATTRIBUTES:
            return ", ".join(name for name, there in values.items() if there) or "no attribute"
        return ", ".join(f"{name} {value:g}" for name, value in values.items())

    def answers(self) -> tuple[NDArray[np.int64], list[str]]:
        """(N,) indices into the K different answers, and these in words: classes, or whatever targets there are."""
        if self.targets is None:
            return self.labels, list(self.classes)
        words = [self.said(row) for row in range(len(self))]
        known = sorted(set(words))
        place = {word: index for index, word in enumerate(known)}
        return np.array([place[word] for word in words], dtype=np.int64), known

    def subset(self, rows: NDArray[np.int64]) -> "Collection":
        """The entries `rows`, in that order; classes stay as they are."""
        pictures = (
            Files([self.pictures.paths[i] for i in rows])
            if isinstance(self.pictures, Files)
            else Arrays(self.pictures.values[rows])
        )
        return replace(
            self,
            pictures=pictures,
            names=[self.names[i] for i in rows],
            labels=self.labels[rows],
            splits=None if self.splits is None else [self.splits[i] for i in rows],
            groups=None if self.groups is None else [self.groups[i] for i in rows],
            targets=None if self.targets is None else self.targets[rows],
        )
