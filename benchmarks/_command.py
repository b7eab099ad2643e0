"""A recipe trained as people train it: by the command, recorder and doctor on, in a process of its own."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def trained(*words: str) -> Iterator[tuple[Path, float]]:
    """The run's folder, gone afterwards, and the seconds from the command's start to its end."""
    with tempfile.TemporaryDirectory() as runs:
        began = time.perf_counter()
        command = [sys.executable, "-m", "visus", "train", *words, "--runs", runs]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
        (folder,) = (path for path in Path(runs).iterdir() if path.is_dir())
        yield folder, seconds


def named(words: Sequence[str], name: str, usual: Sequence[str]) -> tuple[list[int], list[str], list[str]]:
    """Of the words behind a benchmark: the seeds, the comma-separated values of `name=`, and all other settings."""
    seeds = [int(word) for word in words if word.isdigit()] or [0]
    given = next((word.partition("=")[2].split(",") for word in words if word.startswith(f"{name}=")), [*usual])
    return seeds, given, [word for word in words if not word.isdigit() and not word.startswith(f"{name}=")]
