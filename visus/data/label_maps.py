"""Label maps: pictures with a class painted at every pixel. Every importer of them returns one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

IGNORE = 255  # in a label map that was read: a pixel that is of no class and counts nowhere


@dataclass(frozen=True)
class LabelMaps:
    """Pictures and the files that say of every pixel what it shows.

    paths, maps, names: of N pictures the file, the file of its label map, and a unique name a person recognises.
    classes: by index. colours: of each class, for figures, 0 to 255. codes: what stands in a map's pixels -> index of a
    class or IGNORE: a palette index or grey level, or a colour (r, g, b). What is not in it is unknown, and named.
    splits: N of 'train', 'validation', 'test' or '' (unstated), or None. groups: keys of what must stay on one side of
    a split, or None. problems: sentences about what was left out, each naming its file.
    """

    origin: str
    paths: Sequence[Path]
    maps: Sequence[Path]
    names: Sequence[str]
    classes: Sequence[str]
    colours: Sequence[tuple[int, int, int]]
    codes: Mapping[int | tuple[int, int, int], int]
    splits: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = field(default=())

    def __len__(self) -> int:
        return len(self.paths)

    def subset(self, rows: NDArray[np.int64]) -> "LabelMaps":
        """The pictures `rows`, in that order; classes stay as they are."""
        return replace(
            self,
            paths=[self.paths[i] for i in rows],
            maps=[self.maps[i] for i in rows],
            names=[self.names[i] for i in rows],
            splits=None if self.splits is None else [self.splits[i] for i in rows],
            groups=None if self.groups is None else [self.groups[i] for i in rows],
        )
