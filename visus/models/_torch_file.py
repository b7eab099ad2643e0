"""A state dict as torch.save writes it, read without running anything that the file names.

Such a file is a pickle, and a pickle may ask for any program to be run. Here it can only ask for tensors, and gets
stand-ins that remember where in the file their numbers are: nothing that a file names is ever imported or called.

Two layouts are in use: since torch 1.6 a zip archive with `data.pkl` and one entry a storage; before, a row of pickles
followed by the storages. Some published weights are still of the second kind.
"""

import io
import math
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of the old layout
PREAMBLE = 3  # pickles before the tensors in the old layout: magic, version, byte order
DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


@dataclass
class _Tensor:
    """Where in which storage the numbers of a tensor are."""

    key: str
    dtype: torch.dtype
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def read(path: Path) -> dict[str, Tensor]:
    """Names and tensors. Raises ValueError for a file that is broken, or asks for more than tensors."""
    try:
        named, storages = _from_zip(path) if zipfile.is_zipfile(path) else _from_pickles(path)
        return {name: _made(tensor, storages) for name, tensor in named.items()}
    except _RefusedError as error:
        raise ValueError(
            f"{path} asks for {error}, which no weights need: refused, nothing was run; get the official file, or one "
            "in .safetensors"
        ) from None
    except OSError as error:
        raise type(error)(f"{path} cannot be opened ({error.strerror}); check that it is readable") from error
    except Exception as error:  # hostile or broken bytes make the unpickler raise all sorts
        raise ValueError(f"{path} is cut off or holds no state dict ({error}); get the official file again") from error


def _from_zip(path: Path) -> tuple[dict[str, _Tensor], Mapping[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("it is a compressed archive")  # torch never compresses, and a small file stays small
        content = {entry.filename.partition("/")[2]: archive.read(entry) for entry in entries}
    if content.get("byteorder", b"little") != b"little":
        raise ValueError("its numbers are big-endian")
    named = _named(_TensorsOnly(io.BytesIO(content["data.pkl"])).load())
    return named, {key.removeprefix("data/"): value for key, value in content.items() if key.startswith("data/")}


def _from_pickles(path: Path) -> tuple[dict[str, _Tensor], Mapping[str, bytes]]:
    stream = io.BytesIO(path.read_bytes())
    if _TensorsOnly(stream).load() != MAGIC:
        raise ValueError("it does not begin as torch.save begins")
    for _ in range(PREAMBLE - 1):
        _TensorsOnly(stream).load()
    reader = _TensorsOnly(stream)
    named = _named(reader.load())
    storages = {}
    for key in _TensorsOnly(stream).load():
        (n,) = struct.unpack("<q", stream.read(8))
        storages[key] = stream.read(n * reader.dtypes[key].itemsize)
    return named, storages


def _named(content: Any) -> dict[str, _Tensor]:
    """The tensors of a state dict, or of the state dict in a checkpoint that holds other things beside it."""
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not content:
        raise ValueError("it holds no names")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, _Tensor):
            raise ValueError(f"{name!r} is no tensor")
    return content


def _made(tensor: _Tensor, storages: Mapping[str, bytes]) -> Tensor:
    content = storages[tensor.key]
    n = math.prod(tensor.size)
    if n == 0:
        return torch.empty(tensor.size, dtype=tensor.dtype)
    if n * tensor.dtype.itemsize > len(content):  # also a tensor that repeats few numbers without end
        raise ValueError(f"a tensor of {n} numbers is longer than its storage")
    numbers = torch.frombuffer(bytearray(content), dtype=tensor.dtype)
    return numbers.as_strided(tensor.size, tensor.stride, tensor.offset).clone()


class _RefusedError(Exception):
    """What the file asked for, as module.name."""


class _TensorsOnly(pickle.Unpickler):
    """Its stand-ins are made anew for each pickle: a pickle can set attributes of what it is given."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, encoding="utf-8")
        self.dtypes: dict[str, torch.dtype] = {}  # of each storage

        class Names(dict[Any, Any]):
            """An OrderedDict to the file, which may hang remarks on it."""

        def tensor(storage: tuple[str, torch.dtype], offset: int, size: Any, stride: Any = None, *_: object) -> _Tensor:
            key, dtype = storage
            strides = stride if isinstance(stride, tuple) else ()
            if not all(type(number) is int and number >= 0 for number in (offset, *size, *strides)):
                raise ValueError("a tensor has no proper shape")
            return _Tensor(key, dtype, offset, tuple(size), strides)

        def parameter(data: _Tensor, *_: object) -> _Tensor:
            return data

        self.known: dict[tuple[str, str], Callable[..., Any] | torch.dtype] = {
            ("collections", "OrderedDict"): Names,
            ("torch._utils", "_rebuild_tensor"): tensor,
            ("torch._utils", "_rebuild_tensor_v2"): tensor,
            ("torch._utils", "_rebuild_parameter"): parameter,
            **{("torch", name): dtype for name, dtype in DTYPES.items()},
            **{("torch.cuda", name): dtype for name, dtype in DTYPES.items()},
        }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.known:
            raise _RefusedError(f"{module}.{name}")
        return self.known[module, name]

    def persistent_load(self, reference: Any) -> tuple[str, torch.dtype]:
        kind, dtype, key, *_ = reference
        if kind != "storage" or not isinstance(dtype, torch.dtype) or not isinstance(key, str):
            raise ValueError("a storage is not described as torch describes it")
        self.dtypes[key] = dtype
        return key, dtype
