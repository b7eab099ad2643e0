"""One folder per class, with pictures in it; or train, validation and test folders of such folders.

Folders within a class folder belong to the class. Whatever carries a picture's suffix is listed, so that the audit can
name what is no picture after all; everything else is left out and mentioned in `problems`. A lone folder around the
class folders, as archives have it, is looked through: one class alone would teach nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..collection import TEST, TRAIN, VALIDATION, Collection, Files
from ..decode import SUFFIXES
from ._labels import indexed
from ._listing import listing, shown

SPLITS = {"train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "test": TEST}
HIDDEN, OUTSIDE = "hidden or a system's own", "outside the class folders"
N_NAMED = 3  # of the entries left out for the same reason, so many are named

LeftOut = dict[str, list[Path]]  # the reason -> what was left out for it


def recognises(path: Path) -> bool:
    """Does the folder hold a folder with a picture in it?"""
    return path.is_dir() and any(_holds_pictures(folder, path) for folder in listing(path)[0])


def read(path: Path) -> Collection:
    """The pictures below `path`, their classes named like the folders. Nothing is decoded yet.

    Raises ValueError if there is no picture in any class folder, OSError if a folder cannot be listed.
    """
    wrapped = _wrapped(path)
    if wrapped is not None:
        inner = read(wrapped)
        note = f"{wrapped.name}: the only folder in {path}; the folders in it are taken for the classes"
        _, loose, hidden = listing(path)
        beside = _sentences({OUTSIDE: loose, HIDDEN: hidden}, path)
        return replace(inner, problems=[note, *beside, *inner.problems])
    left_out: LeftOut = defaultdict(list)
    paths: list[Path] = []
    labels: list[str] = []
    splits: list[str] = []
    for split, class_folder in _class_folders(path, left_out):
        found = list(_pictures(class_folder, path, left_out))
        if not found:
            left_out["no picture in it"].append(class_folder)
        paths += found
        labels += [shown(class_folder, class_folder.parent)] * len(found)
        splits += [split] * len(found)
    if not paths:
        raise ValueError(
            f"{path} holds no pictures in class folders; expected {path.name}/<class>/<picture>, with suffixes such as "
            ".jpg or .png"
        )
    indices, classes = indexed(labels)
    return Collection(
        str(path),
        Files(paths),
        [shown(picture, path) for picture in paths],
        indices,
        classes,
        splits=splits if len(set(splits)) > 1 else None,  # a lone train folder says nothing about a split
        problems=_sentences(left_out, path),
    )


def _wrapped(path: Path) -> Path | None:
    """The folder that alone lies in `path`, if it holds no picture itself but folders of them."""
    folders, _, _ = listing(path)
    if len(folders) != 1 or folders[0].name.lower() in SPLITS or _identity(folders[0]) == _identity(path):
        return None
    inner, loose, _ = listing(folders[0])
    n_classes = sum(_holds_pictures(folder, folders[0]) for folder in inner)
    has_pictures = any(file.suffix.lower() in SUFFIXES for file in loose)
    return folders[0] if (n_classes > 1 or _are_splits(inner)) and not has_pictures else None


def _class_folders(root: Path, left_out: LeftOut) -> Iterator[tuple[str, Path]]:
    """(split, folder of one class), where split is '' if there are no train, validation and test folders."""
    folders, loose, hidden = listing(root)
    left_out[HIDDEN] += hidden
    left_out[OUTSIDE] += loose
    if not _are_splits(folders):
        for folder in folders:
            yield "", folder
        return
    for folder in folders:
        split = SPLITS.get(folder.name.lower())
        if split is None:
            left_out["beside the train, validation and test folders"].append(folder)
            continue
        class_folders, loose, hidden = listing(folder)
        left_out[HIDDEN] += hidden
        left_out[OUTSIDE] += loose
        for class_folder in class_folders:
            yield split, class_folder


def _are_splits(folders: list[Path]) -> bool:
    """Is there a train folder of class folders, alone or beside a validation or test folder?

    A class may well be called 'train': beside cars and ships, or with its pictures directly in it, it is one.
    """
    named = [folder for folder in folders if folder.name.lower() in SPLITS]
    train = [folder for folder in named if SPLITS[folder.name.lower()] == TRAIN]
    if not train or (len(named) == 1 and len(folders) > 1):
        return False
    return any(_holds_pictures(inner, folder) for folder in train for inner in listing(folder)[0])


def _pictures(folder: Path, root: Path, left_out: LeftOut) -> Iterator[Path]:
    """The files named like pictures in `folder` and below, each folder once however symbolic links are tied."""
    seen = {_identity(parent) for parent in (folder.parent, root)}
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        if _identity(folder) in seen:
            left_out["a link to a folder that is read already"].append(folder)
            continue
        seen.add(_identity(folder))
        folders, files, hidden = listing(folder)
        left_out[HIDDEN] += hidden
        waiting += reversed(folders)
        for file in files:
            if file.suffix.lower() in SUFFIXES:
                yield file
            else:
                left_out["not named like a picture"].append(file)


def _holds_pictures(folder: Path, root: Path) -> bool:
    return next(_pictures(folder, root, defaultdict(list)), None) is not None


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _sentences(left_out: LeftOut, root: Path) -> list[str]:
    sentences = []
    for reason, paths in left_out.items():
        if not paths:
            continue
        names = ", ".join(shown(path, root) for path in paths[:N_NAMED])
        more = f" and {len(paths) - N_NAMED} more" if len(paths) > N_NAMED else ""
        sentences.append(f"{names}{more}: left out, {reason}")
    return sentences
