"""CIFAR-10 in its Python layout: the folder cifar-10-batches-py with data_batch_1 ... and test_batch.

The batches are pickles, and a pickle may ask for any program to be run. Here it can only ask for a numpy array, and
gets a stand-in that remembers its bytes: nothing that a file names is ever imported or called.

Source: Krizhevsky, "The CIFAR-10 dataset", Python version; the files were written by Python 2 (pickle protocol 2).
"""

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ..collection import Collection
from . import _cifar


def recognises(path: Path) -> bool:
    """Does the folder hold an official batch?"""
    return path.is_dir() and bool(_cifar.present(path))


def read(path: Path) -> Collection:
    """All batches, decoded: RGB (N, 32, 32, 3), the classes named by batches.meta if it is there.

    Raises FileNotFoundError without any batch, ValueError for one that is broken or asks for more than an array.
    """
    meta = path / "batches.meta"
    return _cifar.collect(path, "", _batch, _class_names(meta) if meta.is_file() else _cifar.CLASSES)


def _batch(path: Path) -> _cifar.Batch:
    content = _unpickled(path)
    planes, labels = content.get("data"), content.get("labels")
    if not isinstance(planes, np.ndarray) or planes.ndim != 2 or planes.shape[1] != _cifar.N_BYTES:
        raise ValueError(f"{path} has no array 'data' of {_cifar.N_BYTES} bytes a picture; is it a batch of CIFAR-10?")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 256 for label in labels):
        raise ValueError(f"{path} has no list 'labels' of small numbers; is it a batch of CIFAR-10?")
    if len(labels) != len(planes):
        raise ValueError(f"{path} holds {len(labels)} labels for {len(planes)} pictures; get the official file again")
    return planes, np.array(labels, dtype=np.int64)


def _class_names(path: Path) -> list[str]:
    names = _unpickled(path).get("label_names")
    if not isinstance(names, list) or not names or not all(isinstance(name, bytes | str) for name in names):
        raise ValueError(f"{path} has no list 'label_names'; get the official file again, or remove it")
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in names]


def _unpickled(path: Path) -> dict[str, Any]:
    """The dictionary in the file, its arrays of bytes as numpy arrays. Runs no code that the file names."""
    try:
        content = _ArraysOnly(path).load()
        if not isinstance(content, dict):
            raise ValueError("it holds no dictionary")
        named = {key.decode("ascii", "replace") if isinstance(key, bytes) else key: content[key] for key in content}
        return {key: value.array() if hasattr(value, "array") else value for key, value in named.items()}
    except _RefusedError as error:
        raise ValueError(
            f"{path} asks for {error}, which no picture needs: refused, nothing was run; get the official file again"
        ) from None
    except OSError as error:
        raise type(error)(f"{path} cannot be opened ({error.strerror}); check that it is readable") from error
    except Exception as error:  # hostile or broken bytes make the unpickler raise all sorts
        raise ValueError(f"{path} is cut off or broken ({error}); get the official file again") from error


class _RefusedError(Exception):
    """What the file asked for, as module.name."""


class _ArraysOnly(pickle.Unpickler):
    """Its stand-ins are made anew for each file: a pickle can set attributes of what it is given."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.BytesIO(path.read_bytes()), encoding="bytes")

        class Type:
            def __init__(self, code: bytes | str, *_: object) -> None:
                self.code = code

            def __setstate__(self, state: object) -> None: ...

        class Array:
            def __init__(self, *_: object) -> None: ...

            def __setstate__(self, state: tuple[int, tuple[int, ...], Type, bool, bytes]) -> None:
                _, self.shape, self.type, self.by_columns, self.content = state

            def array(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
                if self.type.code not in (b"u1", "u1") or self.by_columns:
                    raise ValueError("an array is not of unsigned bytes by rows")
                return np.frombuffer(self.content, dtype=np.uint8, count=math.prod(self.shape)).reshape(self.shape)

        def reconstruct(*_: object) -> Array:
            return Array()

        self.known = {
            ("numpy.core.multiarray", "_reconstruct"): reconstruct,
            ("numpy._core.multiarray", "_reconstruct"): reconstruct,
            ("numpy", "ndarray"): Array,
            ("numpy", "dtype"): Type,
        }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.known:
            raise _RefusedError(f"{module}.{name}")
        return self.known[module, name]
