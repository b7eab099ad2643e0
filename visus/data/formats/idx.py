"""IDX, the format of MNIST and its kin: a folder of train and t10k files, or one pair of images and labels.

Files may be packed (.gz) or not. A folder holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same with
`t10k` for the official test set; for another pair, give the path of its images.

Source: LeCun et al., "The MNIST database", file formats section. A file begins with two zeros, the type (8: unsigned
byte), the number of dimensions, and each dimension as a big-endian 32-bit integer.
"""

import gzip
import hashlib
import math
import re
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..collection import TEST, TRAIN, Arrays, Collection
from ._labels import indexed

FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
FASHION_LABELS = {  # md5 of Fashion-MNIST's train and test labels, unpacked: no file of it names the classes
    "3236f6424fc25388b2834cb19942cf7e",
    "8dea97a4e78c1bd1b5a6e8efbb870b6e",
}
PARTS = {"train": TRAIN, "t10k": TEST}
UNSIGNED_BYTE = 8
MAX_PACKING = 1032  # deflate packs nothing tighter: a header that promises more than this many times the file is wrong
IMAGES = re.compile(r"(?P<before>.*)images(?P<mark>[.-])idx3-ubyte(\.gz)?")


def recognises(path: Path) -> bool:
    """Is it a folder with official image files, or a file named like one?"""
    if path.is_dir():
        return any(_partner(path, f"{part}-images", 3) for part in PARTS)
    return IMAGES.fullmatch(path.name) is not None and path.is_file()


def read(path: Path, classes: Sequence[str] = ()) -> Collection:
    """All pictures, decoded: grey (N, H, W). Without `classes`, these are named by the numbers that occur.

    Raises ValueError for a file that is no IDX file, is cut off or does not fit its partner, FileNotFoundError for a
    partner that is not there.
    """
    pictures: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.uint8]] = []
    names: list[str] = []
    splits: list[str] = []
    for part, images_file, labels_file in _pairs(path):
        pictures.append(_array(images_file, n_dimensions=3))
        labels.append(_array(labels_file, n_dimensions=1))
        n_pictures, n_labels = len(pictures[-1]), len(labels[-1])
        if n_pictures != n_labels:
            raise ValueError(f"{labels_file} holds {n_labels} labels for {n_pictures} pictures; they are of two sets")
        names += [f"{part or 'picture'}[{i}]" for i in range(n_labels)]
        splits += [part] * n_labels
    if len({some.shape[1:] for some in pictures}) > 1:
        raise ValueError(f"{path}: the pictures of the train and t10k files differ in size; they are of two sets")
    if any(hashlib.md5(some.tobytes(), usedforsecurity=False).hexdigest() in FASHION_LABELS for some in labels):
        classes = FASHION
    indices, classes = _classes(np.concatenate(labels), classes, path)
    splitting = splits if len(set(splits)) > 1 else None
    return Collection(str(path), Arrays(np.concatenate(pictures)), names, indices, list(classes), splits=splitting)


def _classes(numbers: NDArray[np.uint8], classes: Sequence[str], path: Path) -> tuple[NDArray[np.int64], Sequence[str]]:
    if not len(numbers):
        raise ValueError(f"{path} holds no pictures; get the files again")
    if not classes:
        return indexed([str(number) for number in numbers])
    if numbers.max() >= len(classes):
        raise ValueError(
            f"{path}: label {numbers.max()} is outside the {len(classes)} classes; are the files of this set?"
        )
    return numbers.astype(np.int64), classes


def _pairs(path: Path) -> list[tuple[str, Path, Path]]:
    """(split or '', images, labels)."""
    if path.is_dir():
        found = [(part, images) for part in PARTS if (images := _partner(path, f"{part}-images", 3))]
        if not found:
            raise FileNotFoundError(f"{path} holds neither train-images-idx3-ubyte nor t10k-images-idx3-ubyte")
    else:
        found = [("", path)]
    pairs = []
    for part, images in found:
        match = IMAGES.fullmatch(images.name)
        if match is None:
            raise ValueError(
                f"{images} is not named like IDX images; expected a name such as train-images-idx3-ubyte.gz"
            )
        labels = _partner(images.parent, f"{match['before']}labels", 1)
        if labels is None:
            raise FileNotFoundError(
                f"{images.parent / match['before']}labels{match['mark']}idx1-ubyte is not there, packed or not; the "
                f"pictures in {images.name} are of no use without their labels"
            )
        pairs.append((PARTS.get(part, ""), images, labels))
    return pairs


def _partner(folder: Path, stem: str, n_dimensions: int) -> Path | None:
    names = [f"{stem}{mark}idx{n_dimensions}-ubyte{packed}" for mark in "-." for packed in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _array(path: Path, n_dimensions: int) -> NDArray[np.uint8]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _parsed(file, path, n_dimensions)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is cut off or broken ({error}); get it again") from error
    except OSError as error:
        raise type(error)(f"{path} cannot be opened ({error.strerror}); check that it is readable") from error


def _parsed(file: _Readable, path: Path, n_dimensions: int) -> NDArray[np.uint8]:
    magic = file.read(4)
    if magic != bytes([0, 0, UNSIGNED_BYTE, n_dimensions]):
        raise ValueError(
            f"{path} begins with {magic!r}, an IDX file of unsigned bytes in {n_dimensions} dimensions with "
            f"{bytes([0, 0, UNSIGNED_BYTE, n_dimensions])!r}; is it the right file?"
        )
    sizes = file.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise ValueError(f"{path} is cut off within its header; get it again")
    shape = struct.unpack(f">{n_dimensions}I", sizes)
    n_bytes = math.prod(shape)
    values = file.read(n_bytes) if n_bytes <= MAX_PACKING * path.stat().st_size else b""
    if len(values) < n_bytes:
        raise ValueError(f"{path} is cut off: its header announces {n_bytes} bytes, {len(values)} came; get it again")
    if file.read(1):
        raise ValueError(f"{path} goes on after the {n_bytes} bytes that its header announces; get it again")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)
