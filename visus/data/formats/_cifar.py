"""What CIFAR-10's two layouts share: the classes, the batches and the order of a picture's bytes."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..collection import TEST, TRAIN, Arrays, Collection

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SPLITS = {**{f"data_batch_{i}": TRAIN for i in range(1, 6)}, "test_batch": TEST}
N_BYTES = 3 * 32 * 32  # a picture: its red plane, then green, then blue, row by row

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]  # (n, N_BYTES) planes and (n,) labels


def present(folder: Path, suffix: str = "") -> list[str]:
    """The names of the official batches that lie in the folder, in the official order."""
    return [name for name in SPLITS if (folder / f"{name}{suffix}").is_file()]


def collect(
    folder: Path, suffix: str, read_batch: Callable[[Path], Batch], classes: Sequence[str] = CLASSES
) -> Collection:
    """All batches of the folder, official train and test kept apart. Raises FileNotFoundError, ValueError."""
    found = present(folder, suffix)
    if not found:
        raise FileNotFoundError(f"{folder} holds none of CIFAR-10's batches; expected data_batch_1{suffix} and so on")
    planes, labels, names, splits = [], [], [], []
    for name in found:
        file = folder / f"{name}{suffix}"
        some, numbers = read_batch(file)
        if not len(numbers) or numbers.min() < 0 or numbers.max() >= len(classes):
            raise ValueError(
                f"{file} has no labels, or labels outside 0..{len(classes) - 1}; get the official file again"
            )
        planes.append(some)
        labels.append(numbers)
        names += [f"{name}[{i}]" for i in range(len(numbers))]
        splits += [SPLITS[name]] * len(numbers)
    return Collection(
        str(folder),
        Arrays(np.ascontiguousarray(np.concatenate(planes).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))),
        names,
        np.concatenate(labels),
        list(classes),
        splits=splits if len(set(splits)) > 1 else None,
        problems=[f"{name}{suffix}: not there; the official set is incomplete" for name in SPLITS if name not in found],
    )
