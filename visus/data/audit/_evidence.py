"""What the audit looks at: one row per picture, gathered in a single pass over the files."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..collection import Collection

PASS, NOTE, WARNING, BLOCKER = "pass", "note", "warning", "blocker"  # in rising order of severity


@dataclass(frozen=True)
class Observation:
    """One picture as the audit saw it. `error` is '' for a readable picture, else one sentence."""

    name: str
    error: str = ""
    n_bytes: int = 0
    format: str = ""  # Pillow's name: JPEG, PNG, ...; 'array' for pictures that came decoded
    mode: str = ""  # Pillow's mode before conversion: RGB, L, P, CMYK, RGBA, I;16 ...
    width: int = 0  # pixels, as shown (after EXIF orientation)
    height: int = 0
    orientation: int = 1  # EXIF, 1 is upright
    frames: int = 1
    content: str = ""  # hex digest of the decoded pixels: equal means the same picture
    perceptual: int = 0  # 64-bit perceptual hash: few differing bits mean alike pictures
    brightness: float = 0.0  # mean luma in [0, 1]
    contrast: float = 0.0  # standard deviation of luma in [0, 1]


@dataclass(frozen=True)
class Evidence:
    """The collection and what was seen of each picture, in the same order.

    thumbnails: uint8 (N, 32, 32, 3), zeros where a picture is unreadable.
    duplicate_groups, near_groups: lists of row indices, each of two or more alike pictures (near includes exact).
    """

    collection: Collection
    observations: Sequence[Observation]
    thumbnails: NDArray[np.uint8]
    duplicate_groups: Sequence[Sequence[int]]
    near_groups: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Verdict:
    """What one check found. `names` lists the culprits; `remedy` says what to do about them."""

    check: str
    severity: str  # pass, note, warning or blocker
    what: str  # one sentence with the measured figures
    remedy: str = ""
    names: Sequence[str] = field(default=())
