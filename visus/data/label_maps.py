"""Label maps: pictures with a class painted at every pixel. Every importer of them returns one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
