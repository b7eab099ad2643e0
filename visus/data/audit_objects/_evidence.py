"""What the checks of marked objects look at: every box of every picture, in one table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..annotations import Annotations
from ..audit._evidence import Evidence
from ..decode import Frame

Table = NDArray[np.float64]


@dataclass(frozen=True)
class ObjectEvidence:
    """The annotations, and their M boxes.

    boxes: (M, 4) in pixels of the files. labels, crowd, rows, places: (M,), of each its class, whether it is a region
    of many, the row of its picture and its number in it. sizes: (M, 2), height and width of its picture. frame: the
    size that is trained at. pictures: what the audit of pictures saw, of the same rows or more of them; or None.
    """

    annotations: Annotations
    frame: Frame
    boxes: Table
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]
    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    sizes: Table
    pictures: Evidence | None = None

    @property
    def sides(self) -> Table:
        """(M, 2): width and height."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    @property
    def enlarged(self) -> Table:
        """(M, 2): by how much x and y grow from a box's picture to the frame."""
        placed = {size: self.frame.placed(*size)[:2] for size in {(int(h), int(w)) for h, w in self.sizes}}
        return np.array([placed[int(h), int(w)] for h, w in self.sizes]).reshape(-1, 2)

    def named(self, numbers: NDArray[np.int64]) -> list[str]:
        """`cells/3.png: box 7 (12, 40, 12, 88)`: boxes as a person finds them, counted from 1."""
        return [
            f"{self.annotations.names[self.rows[i]]}: box {self.places[i] + 1} "
            f"({', '.join(f'{value:g}' for value in np.round(self.boxes[i], 2))})"
            for i in numbers.tolist()
        ]


def look(annotations: Annotations, frame: Frame, pictures: Evidence | None = None) -> ObjectEvidence:
    """All boxes in one table."""
    counts = [len(one) for one in annotations.objects]
    rows = np.repeat(np.arange(len(counts)), counts)
    none = np.empty((0, 4))
    return ObjectEvidence(
        annotations,
        frame,
        boxes=np.concatenate([none, *(one.boxes.reshape(-1, 4) for one in annotations.objects)]),
        labels=np.concatenate([np.empty(0, dtype=np.int64), *(one.labels for one in annotations.objects)]),
        crowd=np.concatenate([np.empty(0, dtype=bool), *(one.crowd for one in annotations.objects)]),
        rows=rows,
        places=np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(n) for n in counts)]),
        sizes=annotations.sizes[rows].astype(np.float64).reshape(-1, 2),
        pictures=pictures,
    )
