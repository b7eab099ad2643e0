"""Arrays in an .npz file: x_train, y_train, x_test, y_test; or images and labels, and if wanted splits.

Pictures are (N, H, W) or (N, H, W, 3): whole numbers 0..255 as they are, or floats in [0, 1], multiplied by 255 and
rounded. Labels are (N,) numbers or names. An array `classes` of names says what the numbers 0, 1, 2 ... mean; without
it the classes are the labels that occur.
"""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..collection import TEST, TRAIN, VALIDATION, Arrays, Collection
from ._labels import indexed

SPLITS = ("", TRAIN, VALIDATION, TEST)
PARTS = {"train": TRAIN, "val": VALIDATION, "test": TEST}


def recognises(path: Path) -> bool:
    """Is it an .npz file?"""
    return path.suffix.lower() == ".npz" and path.is_file()


def read(path: Path) -> Collection:
    """All pictures in memory. Raises ValueError that names the file and the array for anything else than the above."""
    arrays = _arrays(path)
    try:
        pictures, labels, splits, names = _parts(arrays)
        indices, classes = _classes(labels, arrays.get("classes"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    splitting = splits if len(set(splits)) > 1 else None
    return Collection(str(path), Arrays(pictures), names, indices, classes, splits=splitting)


def _arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except MemoryError as error:
        raise ValueError(f"{path} does not fit in memory; save fewer pictures") from error
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:  # TypeError: a lone array
        raise ValueError(
            f"{path} is broken or holds more than plain arrays ({error}); save it with numpy.savez"
        ) from error
    except OSError as error:
        raise type(error)(f"{path} cannot be opened ({error.strerror}); check that it is readable") from error


def _parts(arrays: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.uint8], list[str], list[str], list[str]]:
    """Pictures, N labels as text, N splits, N names."""
    given = [part for part in PARTS if f"x_{part}" in arrays]
    if not given:
        pictures, labels = _pair(arrays, "images", "labels")
        splits = [str(split).lower() for split in _column(arrays.get("splits", np.full(len(labels), "")), "splits")]
        unknown = [split for split in splits if split not in SPLITS]
        if unknown or len(splits) != len(labels):
            what = f"unknown '{unknown[0]}'" if unknown else f"{len(splits)} for {len(labels)} pictures"
            raise ValueError(f"splits: {what}; expected train, validation, test or nothing for each picture")
        return pictures, labels, splits, [f"picture[{i}]" for i in range(len(labels))]
    pairs = [_pair(arrays, f"x_{part}", f"y_{part}") for part in given]
    shapes = {pictures.shape[1:] for pictures, _ in pairs}
    if len(shapes) > 1:
        raise ValueError(f"x_{' and x_'.join(given)} differ in size or colour, {sorted(shapes)}; bring them to one")
    return (
        np.concatenate([pictures for pictures, _ in pairs]),
        [label for _, labels in pairs for label in labels],
        [PARTS[part] for part, (_, labels) in zip(given, pairs) for _ in labels],
        [f"{PARTS[part]}[{i}]" for part, (_, labels) in zip(given, pairs) for i in range(len(labels))],
    )


def _pair(arrays: Mapping[str, NDArray[Any]], images: str, labels: str) -> tuple[NDArray[np.uint8], list[str]]:
    for name in (images, labels):
        if name not in arrays:
            there = ", ".join(sorted(arrays)) or "nothing"
            raise ValueError(
                f"no array '{name}' but {there}; expected x_train, y_train, x_test, y_test or images, labels"
            )
    pictures, column = _bytes(arrays[images], images), _column(arrays[labels], labels)
    if len(pictures) != len(column) or not len(column):
        raise ValueError(f"{labels} holds {len(column)} labels for {len(pictures)} pictures; expected one for each")
    return pictures, [str(label) for label in column]


def _bytes(pictures: NDArray[Any], name: str) -> NDArray[np.uint8]:
    if pictures.ndim == 4 and pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    if not (pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[3] == 3)) or 0 in pictures.shape[1:]:
        raise ValueError(f"{name} has shape {pictures.shape}; expected (N, H, W) or (N, H, W, 3), channels last")
    if pictures.dtype.kind not in "uif" or not pictures.size:
        raise ValueError(f"{name} holds {pictures.size} values of type {pictures.dtype}; expected bytes, 0..255")
    low, high = pictures.min(), pictures.max()
    if pictures.dtype.kind == "f":
        if not (low >= 0 and high <= 1):  # NaN fails both
            raise ValueError(f"{name} holds floats from {low:g} to {high:g}; bring them to [0, 1], or to bytes 0..255")
        pictures = np.rint(pictures * 255)
    elif low < 0 or high > 255:
        raise ValueError(f"{name} holds whole numbers from {low} to {high}; bring them to 0..255")
    return np.asarray(pictures, dtype=np.uint8)


def _column(values: NDArray[Any], name: str) -> NDArray[Any]:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]  # as Keras gives CIFAR-10
    if values.ndim != 1 or values.dtype.kind not in "uiU":
        raise ValueError(
            f"{name} has shape {values.shape} and type {values.dtype}; expected (N,) numbers or names, not one-hot rows"
        )
    return values


def _classes(labels: list[str], names: NDArray[Any] | None) -> tuple[NDArray[np.int64], list[str]]:
    if names is None:
        return indexed(labels)
    classes = [str(name) for name in _column(names, "classes")]
    if len(set(classes)) < len(classes):
        raise ValueError("classes names one class twice; make the names unique")
    if set(labels) <= set(classes):  # labels by name
        return np.array([classes.index(label) for label in labels], dtype=np.int64), classes
    wrong = [label for label in labels if not label.isdigit() or int(label) >= len(classes)]
    if wrong:
        raise ValueError(f"label '{wrong[0]}' is none of the {len(classes)} classes; expected 0..{len(classes) - 1}")
    return np.array(labels, dtype=np.int64), classes
