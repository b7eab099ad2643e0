"""Annotations put together from pictures one by one, and from several files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..annotations import Annotations, Objects


@dataclass
class Gathered:
    """What was read so far: lists of equal length, an entry for each picture."""

    paths: list[Path] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    objects: list[Objects] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    facts: list[Mapping[str, Any]] = field(default_factory=list)

    def add(
        self, path: Path, name: str, size: tuple[int, int], objects: Objects, split: str, facts: Mapping[str, Any]
    ) -> None:
        self.paths.append(path)
        self.names.append(name)
        self.sizes.append(size)
        self.objects.append(objects)
        self.splits.append(split)
        self.facts.append(facts)

    def annotations(
        self, origin: Path, classes: Sequence[str], facts: Mapping[str, Any], problems: Sequence[str], **keypoints: Any
    ) -> Annotations:
        """All of it. Names that occur twice are told apart by their part. Raises ValueError if nothing is marked."""
        if not any(len(one) for one in self.objects):
            why = f": {problems[0]}" if problems else "; expected boxes, outlines or keypoints"
            raise ValueError(f"{origin} marks no object that can be used{why}")
        return Annotations(
            str(origin),
            self.paths,
            self._unique_names(),
            np.array(self.sizes, dtype=np.int64).reshape(-1, 2),
            self.objects,
            list(classes),
            self.splits if len(set(self.splits)) > 1 else None,
            facts={**facts, "pictures": self.facts},
            problems=list(problems),
            **keypoints,
        )

    def _unique_names(self) -> list[str]:
        seen: dict[str, int] = {}
        for name in self.names:
            seen[name] = seen.get(name, 0) + 1
        return [
            f"{split}/{name}" if seen[name] > 1 and split else name
            for name, split in zip(self.names, self.splits, strict=True)
        ]
