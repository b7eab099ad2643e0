"""CIFAR-10 in its binary layout: the folder cifar-10-batches-bin with data_batch_1.bin ... and test_batch.bin.

Source: Krizhevsky, "The CIFAR-10 dataset", binary version: per picture one byte of label and 3072 bytes of colour.
"""

from pathlib import Path

import numpy as np

from ..collection import Collection
from . import _cifar


def recognises(path: Path) -> bool:
    """Does the folder hold an official batch?"""
    return path.is_dir() and bool(_cifar.present(path, ".bin"))


def read(path: Path) -> Collection:
    """All batches, decoded: RGB (N, 32, 32, 3). Raises FileNotFoundError without any, ValueError for a cut-off one."""
    return _cifar.collect(path, ".bin", _batch)


def _batch(path: Path) -> _cifar.Batch:
    content = np.fromfile(path, dtype=np.uint8)
    if len(content) % (1 + _cifar.N_BYTES):
        raise ValueError(
            f"{path} is cut off: {len(content)} bytes are no multiple of {1 + _cifar.N_BYTES}, a label and a picture; "
            "get it again"
        )
    rows = content.reshape(-1, 1 + _cifar.N_BYTES)
    return rows[:, 1:], rows[:, 0].astype(np.int64)
