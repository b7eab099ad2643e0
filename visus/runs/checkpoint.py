"""Save and load nested state as one safetensors file: whole or not at all, and never a pickle.

Tensors lie in the file's body; everything else is JSON in its header. A file is written under a temporary name,
flushed to the disk and renamed, so that a kill at any moment leaves the previous one intact.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

TENSOR, ITEMS, TUPLE = "__tensor__", "__items__", "__tuple__"  # JSON has neither tensors, integer keys nor tuples


class SaveError(OSError):
    """A file could not be written; the text says which, why, and what is safe."""


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write nested dicts, lists, tuples, tensors, numbers, text, None. Raises SaveError, leaving `path` as it was."""
    tensors: dict[str, Tensor] = {}
    skeleton = _describe(state, "", tensors)
    write_whole(path, safetensors.torch.save(tensors, {"state": json.dumps(skeleton)}))


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote. Raises ValueError naming the file if it is not a whole checkpoint."""
    try:
        with safe_open(path, "pt") as file:
            state = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a whole checkpoint ({error}); restore it from a copy or start again") from None
    found: dict[str, Any] = _rebuild(state, tensors)
    return found


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step. Raises SaveError; the old content then stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SaveError(
            f"could not save {path}: {error.strerror or error}; what was saved before is whole. "
            "Free some space, then continue with `visus resume`"
        ) from error


def _sync_folder(folder: Path) -> None:
    """The rename itself must reach the disk too. Not every system can open a folder; there it is best effort."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _describe(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        # A copy: several names may share memory, and safetensors stores each tensor once, in plain layout.
        tensors[path] = value.detach().cpu().contiguous().clone()
        return {TENSOR: path}
    if isinstance(value, Mapping):
        return {ITEMS: [[key, _describe(item, f"{path}.{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {TUPLE: [_describe(item, f"{path}.{i}", tensors) for i, item in enumerate(value)]}
    if isinstance(value, list):
        return [_describe(item, f"{path}.{i}", tensors) for i, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"cannot save a {type(value).__name__} at '{path}'; turn it into tensors, numbers or text")


def _rebuild(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_rebuild(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        return tensors[value[TENSOR]]
    if TUPLE in value:
        return tuple(_rebuild(item, tensors) for item in value[TUPLE])
    return {key: _rebuild(item, tensors) for key, item in value[ITEMS]}
