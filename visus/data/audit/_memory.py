"""What was seen of files before, so that a second look at an unchanged collection decodes nothing.

One .npz file for each collection, without pickle: thumbnails, and observations as lines of JSON. A file counts as
unchanged while its path, size and time of change are the same. A memory that cannot be read is no memory, and one that
cannot be written is given up without a word: it only saves time.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ._evidence import Observation

LAYOUT = 1  # to be raised when what is observed, or how it is decoded, changes
DECODERS = tuple(f"{name} {version(name)}" for name in ("pillow", "simplejpeg"))  # others may round pixels differently

Seen = tuple[Observation, NDArray[np.uint8]]


def stamp(path: Path) -> str:
    """What identifies the content of a file without reading it; '' if there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{os.path.abspath(path)}\n{status.st_size}\n{status.st_mtime_ns}"  # noqa: PTH100 - links stay as given


def recall(folder: Path | None, origin: str) -> dict[str, Seen]:
    """Observation and thumbnail by `stamp`; empty if nothing usable is remembered of `origin`."""
    if folder is None:
        return {}
    try:
        with _file(folder, origin).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            thumbnails, lines = stored["thumbnails"], stored["observations"].tobytes().decode().splitlines()
        header, *entries = map(json.loads, lines)
        if header != _header() or len(entries) != len(thumbnails):
            return {}
        return {entry.pop("stamp"): (Observation(**entry), thumbnails[i]) for i, entry in enumerate(entries)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, EOFError, zipfile.BadZipFile):
        return {}


def remember(folder: Path, origin: str, seen: Mapping[str, Seen]) -> None:
    """Store observations and thumbnails by `stamp`, in place of what was stored for `origin`, all or nothing."""
    lines = [_header(), *({"stamp": key, **asdict(observation)} for key, (observation, _) in seen.items())]
    text = "\n".join(json.dumps(line) for line in lines).encode()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    observations=np.frombuffer(text, dtype=np.uint8),
                    thumbnails=np.stack([thumbnail for _, thumbnail in seen.values()]),
                )
            os.replace(temporary, _file(folder, origin))  # noqa: PTH105
        except BaseException:
            os.unlink(temporary)  # noqa: PTH108
            raise


def _header() -> dict[str, object]:
    return {"layout": LAYOUT, "decoders": list(DECODERS)}


def _file(folder: Path, origin: str) -> Path:
    return folder / f"seen-{hashlib.blake2b(origin.encode(), digest_size=8).hexdigest()}.npz"
