"""Annotations: pictures in which objects are marked by boxes, outlines or keypoints. Every importer returns one.

Everything is in pixels of the picture as a viewer shows it, from its upper left corner; a box covers x1 <= x < x2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BOXES, MASKS, KEYPOINTS = "boxes", "masks", "keypoints"  # what is marked of objects, each more than the one before


@dataclass(frozen=True)
class Rle:
    """A mask by the lengths of its runs of 0s and 1s in turn, down the columns, as COCO counts them."""

    height: int
    width: int
    counts: Sequence[int]


Polygons = Sequence[Sequence[float]]  # each x, y, x, y, ...; an object hidden in the middle has several
Outline = Polygons | Rle


@dataclass(frozen=True)
class Objects:
    """What is marked in one picture: N objects.

    boxes: float64 (N, 4), x1, y1, x2, y2. labels: int64 (N,), into the classes. crowd: bool (N,), a region of many
    that is neither to be found nor counted wrong. outlines: of each object, None where only its box is marked.
    keypoints: float64 (N, K, 3), x, y and 0 not marked, 1 hidden, 2 seen; or None. facts: what else the file says of
    each (id, area, difficult, ...), given back when it is written again.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]
    outlines: Sequence[Outline | None]
    keypoints: NDArray[np.float64] | None = None
    facts: Sequence[Mapping[str, Any]] = field(default=())

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Annotations:
    """Pictures with marked objects.

    paths, names, sizes: of N pictures the file, a unique name a person recognises, and height and width. objects: what
    is marked in each. splits: N of 'train', 'validation', 'test' or '' (unstated), or None. groups: N keys of things
    that must stay on one side of a split, or None. keypoint_names: of the K keypoints. skeleton: pairs of them to be
    joined by lines. mirrored: for each keypoint the one it becomes when the picture is mirrored. facts: what else a
    format says of everything and of each picture ("pictures": N dicts), for export. problems: sentences about what was
    left out, each naming its file.
    """

    origin: str
    paths: Sequence[Path]
    names: Sequence[str]
    sizes: NDArray[np.int64]
    objects: Sequence[Objects]
    classes: Sequence[str]
    splits: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    keypoint_names: Sequence[str] = ()
    skeleton: Sequence[tuple[int, int]] = ()
    mirrored: Sequence[int] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = field(default=())

    def __len__(self) -> int:
        return len(self.paths)

    def subset(self, rows: NDArray[np.int64]) -> "Annotations":
        """The pictures `rows`, in that order; classes and problems stay as they are."""
        kept = [int(row) for row in rows]
        facts = dict(self.facts)
        if "pictures" in facts:
            facts["pictures"] = [facts["pictures"][row] for row in kept]
        return replace(
            self,
            paths=[self.paths[row] for row in kept],
            names=[self.names[row] for row in kept],
            sizes=self.sizes[kept],
            objects=[self.objects[row] for row in kept],
            splits=None if self.splits is None else [self.splits[row] for row in kept],
            groups=None if self.groups is None else [self.groups[row] for row in kept],
            facts=facts,
        )

    @property
    def kind(self) -> str:
        """The most that is marked of objects: boxes, masks or keypoints."""
        if self.keypoint_names and any(one.keypoints is not None for one in self.objects):
            return KEYPOINTS
        return MASKS if any(outline is not None for one in self.objects for outline in one.outlines) else BOXES
