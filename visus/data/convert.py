"""Marked objects from one format into another, with their pictures."""

import shutil
from collections.abc import Callable
from pathlib import Path

from . import annotated
from ._folder import modules
from .annotated._written import Written
from .annotations import Annotations

Progress = Callable[[int, int], None]  # pictures done, of how many


def formats() -> list[str]:
    """The names of the formats that can be written."""
    return [module.__name__.rpartition(".")[2] for module in modules(annotated) if hasattr(module, "write")]


def convert(
    annotations: Annotations,
    folder: Path,
    form: str,
    holds: str = "",
    link: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write annotations and their pictures in the format `form` into a folder that is not there yet, or is empty.

    holds: what YOLO keeps of an object, boxes, masks or keypoints; '': boxes. link: symbolic links to the pictures in
    place of copies. Raises ValueError for another format or a folder with something in it.
    """
    known = {module.__name__.rpartition(".")[2]: module for module in modules(annotated) if hasattr(module, "write")}
    if form not in known:
        raise ValueError(f"no format '{form}' can be written; there are {', '.join(known)}")
    choices = getattr(known[form], "HOLDS", ())
    if holds and holds not in choices:
        can = f"one of {', '.join(choices)}" if choices else "left away: the format holds what it can"
        raise ValueError(f"what a set in {form} holds is {can}; got '{holds}'")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already and not empty; give a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    written: Written = known[form].write(annotations, folder, **({"holds": holds} if holds else {}))
    for done, (source, place) in enumerate(zip(annotations.paths, written.pictures, strict=True)):
        place.parent.mkdir(parents=True, exist_ok=True)
        if link:
            place.symlink_to(source.resolve())
        else:
            shutil.copyfile(source, place)
        if progress is not None:
            progress(done + 1, len(annotations))
    return written
