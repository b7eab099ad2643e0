"""What lies in a folder, in a fixed order."""

import os
from pathlib import Path

MADE_BY_SYSTEMS = {"thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information"}


def listing(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """The sub-folders, the files and what is hidden or a system's own, each sorted by name.

    Raises FileNotFoundError, NotADirectoryError or PermissionError in one sentence.
    """
    try:
        with os.scandir(folder) as scan:
            entries = sorted((entry.name, _is_folder(entry)) for entry in scan)
    except OSError as error:
        raise type(error)(
            f"{folder} cannot be listed ({error.strerror}); give the path of a readable folder"
        ) from error
    folders: list[Path] = []
    files: list[Path] = []
    hidden: list[Path] = []
    for name, is_folder in entries:
        unseen = name.startswith(".") or name.lower() in MADE_BY_SYSTEMS
        (hidden if unseen else folders if is_folder else files).append(folder / name)
    return folders, files, hidden


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symbolic link that leads to itself
        return False


def shown(path: Path, root: Path) -> str:
    """The path relative to `root`, with forward slashes and only characters that can be printed and stored."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")
