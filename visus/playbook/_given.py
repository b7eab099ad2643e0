"""What a person points at, as a model needs it: pictures by file, a class by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..data.decode import Frame, UnreadablePictureError, read
from ..engine.catalogue import nearest
from ..ship import model as ship

NAMED = 12  # classes listed when one is not there


@dataclass(frozen=True)
class Given:
    """files[i] shows images[i], uint8 (N, 3, H, W); errors: one sentence for each file that cannot be read."""

    files: list[Path]
    images: Tensor
    errors: list[str]


def pictures(paths: Sequence[Path], frame: Frame) -> Given:
    """The pictures of files and folders. Raises FileNotFoundError for a path that is not there, ValueError if none
    can be read."""
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}; give a picture or a folder of pictures")
    files, arrays, errors = [], [], []
    for file in ship.files(list(paths)):
        try:
            arrays.append(read(file, frame))
            files.append(file)
        except UnreadablePictureError as error:
            errors.append(str(error))
    if not arrays:
        raise ValueError(errors[0] if errors else f"no pictures in {', '.join(map(str, paths))}; give some files")
    return Given(files, torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).contiguous(), errors)


def class_number(classes: Sequence[str], name: str) -> int:
    """The place of a class. Raises LookupError with the nearest name."""
    if name not in classes:
        known = ", ".join(classes[:NAMED]) + (f" and {len(classes) - NAMED} more" if len(classes) > NAMED else "")
        raise LookupError(f"no class '{name}' in this model.{nearest(name, classes)} Classes: {known}.")
    return list(classes).index(name)
