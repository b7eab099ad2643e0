"""What exporters give back, and what they share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path, PurePosixPath

from ..annotations import BOXES, KEYPOINTS, Annotations


@dataclass(frozen=True)
class Written:
    """The files of marks that were written, where each picture belongs, in order, and what the format cannot hold."""

    files: Sequence[Path]
    pictures: Sequence[Path]
    lost: Sequence[str] = field(default=())


def file_names(annotations: Annotations) -> list[str]:
    """A file name for each picture: that of its file, with its folders before it where two are called alike."""
    plain = [path.name for path in annotations.paths]
    count = Counter(plain)
    return [
        name if count[name] == 1 else "_".join([*PurePosixPath(said).parts[:-1], str(place), name])
        for place, (name, said) in enumerate(zip(plain, annotations.names, strict=True))
    ]


def exactly(a: float, b: float) -> float:
    """a + b as they are written in decimals: 120.46 + 212.31 is 332.77, and not 332.77000000000004."""
    return float(Decimal(repr(float(a))) + Decimal(repr(float(b))))


def plain(value: float) -> int | float:
    """A number as it is written in a file: 12, not 12.0."""
    return int(value) if float(value).is_integer() else float(value)


def lost_marks(annotations: Annotations, holds: str, what: str) -> list[str]:
    """Of boxes, outlines and keypoints that which is not held, counted, in a sentence each."""
    outlines = sum(outline is not None for one in annotations.objects for outline in one.outlines)
    points = sum(
        int((one.keypoints[:, :, 2] > 0).any(1).sum()) for one in annotations.objects if one.keypoints is not None
    )
    lost = (
        [f"{what} holds {holds}: {outlines} outlines are left out"] if outlines and holds in (BOXES, KEYPOINTS) else []
    )
    return [
        *lost,
        *(
            [f"{what} holds {holds}: the keypoints of {points} objects are left out"]
            if points and holds != KEYPOINTS
            else []
        ),
    ]
