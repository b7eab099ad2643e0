"""A CSV table with a row per picture: the columns path and label, and if wanted split and group.

Instead of label any columns may be named as targets: numbers, or attributes. The column path may also be called
filename, file, image or picture. Paths are relative to the table, or to the folder beside it that holds the first
picture. Columns are separated by comma, semicolon, tab or bar; all others are ignored.
"""

import csv
import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..collection import TEST, TRAIN, VALIDATION, Collection, Files
from . import _targets
from ._labels import indexed
from ._listing import shown

SUFFIXES = {".csv", ".tsv"}
PATHS = ("path", "filename", "file", "image", "picture")  # what the column of the files may be called
DELIMITERS = ",;\t|"
SPLITS = {"": "", "train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "test": TEST}


def recognises(path: Path) -> bool:
    """Is it a file with a table's suffix?"""
    return path.suffix.lower() in SUFFIXES and path.is_file()


@dataclass
class _Listed:
    """What the rows say, in their order."""

    pictures: dict[Path, int] = field(default_factory=dict)  # and the line of each
    labels: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    cells: dict[str, list[tuple[int, str]]] = field(default_factory=dict)


def read(path: Path, targets: Sequence[str] = (), kind: str = "") -> Collection:
    """The pictures that the table lists, in its order. Nothing is decoded yet.

    targets: columns to tell instead of a label. kind: numbers or attributes; '': what the columns look like.
    Raises ValueError that names the table and the line: for a column or value that is missing, a file that is not
    there, listed twice or outside the table's folder, and an unknown split.
    """
    listed = _list(path, targets)
    if not listed.pictures:
        raise ValueError(f"{path} lists no pictures; add a line for each below the header")
    names = [shown(picture, path.parent) for picture in listed.pictures]
    indices, classes = indexed(listed.labels)
    collection = Collection(
        str(path),
        Files(list(listed.pictures)),
        names,
        indices,
        classes,
        splits=listed.splits if any(listed.splits) else None,
        groups=listed.groups if listed.groups != names else None,
    )
    if not targets:
        return collection
    try:
        told = _targets.read([_targets.Column(name, listed.cells[name]) for name in targets], kind)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return replace(
        collection,
        kind=told.kind,
        targets=told.values,
        target_names=told.names,
        labels=told.strata,
        classes=told.words,
    )


def _list(path: Path, targets: Sequence[str]) -> _Listed:
    listed = _Listed(cells={name: [] for name in targets})
    home: Path | None = None
    for line, row in _rows(path, targets):
        try:
            home = home or _home(row["path"], path.parent)
            picture = _picture(row["path"], home)
            if picture in listed.pictures:
                earlier = listed.pictures[picture]
                raise ValueError(f"'{row['path']}' is listed already in line {earlier}; keep one of the two")
            if not targets and not row["label"]:
                raise ValueError(f"'{row['path']}' has no label; fill it in or remove the line")
            split = row.get("split", "").lower()
            if split not in SPLITS:
                raise ValueError(f"unknown split '{row['split']}'; expected train, validation, test or nothing")
        except (ValueError, OSError) as error:  # OSError: a value too long for a path
            raise ValueError(f"{path}, line {line}: {error}") from None
        listed.pictures[picture] = line
        listed.labels.append(row.get("label", ""))
        listed.splits.append(SPLITS[split])
        listed.groups.append(row.get("group", "") or shown(picture, path.parent))  # without a group, one of its own
        for name in targets:
            listed.cells[name].append((line, row[name]))
    return listed


def _rows(path: Path, targets: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, column -> value without surrounding blanks), blank lines left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max(DELIMITERS, key=header.count)
            columns = _columns(path, header, header.split(delimiter), targets)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for values in reader:
                line = reader.line_num + 1  # the header was read before
                if not any(value.strip() for value in values):
                    continue
                if len(values) != len(columns):
                    raise ValueError(
                        f"{path}, line {line}: {len(values)} values for {len(columns)} columns; put quotes around "
                        "values that hold the separator"
                    )
                yield line, dict(zip(columns, (value.strip() for value in values)))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text; save it as 'CSV UTF-8'") from error
    except csv.Error as error:
        raise ValueError(f"{path} is no CSV table ({error}); save it again as 'CSV UTF-8'") from error
    except OSError as error:
        raise type(error)(f"{path} cannot be opened ({error.strerror}); give the path of a readable table") from error


def _columns(path: Path, header: str, names: Sequence[str], targets: Sequence[str]) -> list[str]:
    """The names of the columns: that of the files is 'path', targets are as they were asked for, others lower case."""
    found = [name.strip().strip('"').strip() for name in names]
    lower = [name.lower() for name in found]
    files = next((lower.index(name) for name in PATHS if name in lower), None)
    if files is None or (not targets and "label" not in lower):
        offer = ", ".join(name for name in found if name.lower() not in {*PATHS, "split", "group"})
        instead = f"; or say which columns to tell, for example targets={offer.split(', ')[0]}" if offer else ""
        raise ValueError(
            f"{path}, line 1: the header is '{header.strip()[:80]}'; expected the columns path and label, and "
            f"if wanted split and group{'' if files is None else instead}"
        )
    asked = {}
    for target in targets:
        if target.lower() not in lower or lower.index(target.lower()) == files:
            others = [
                name for place, name in enumerate(found) if place != files and name.lower() not in ("split", "group")
            ]
            near = difflib.get_close_matches(target, others, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"{path} has no column '{target}' to tell.{hint} Columns: {', '.join(others)}.")
        asked[lower.index(target.lower())] = target
    return ["path" if place == files else asked.get(place, name) for place, name in enumerate(lower)]


def _home(value: str, folder: Path) -> Path:
    """The folder that paths are relative to: the table's, or the one below it where the first picture lies."""
    if not value or (folder / value).is_file() or os.pardir in Path(value).parts:
        return folder
    below = [inner for inner in sorted(folder.iterdir()) if inner.is_dir() and (inner / value).is_file()]
    return below[0] if len(below) == 1 else folder


def _picture(value: str, folder: Path) -> Path:
    """Raises ValueError if the value leads out of the folder or to no file."""
    if not value:
        raise ValueError("no path; fill it in or remove the line")
    inside = Path(os.path.relpath(folder / value.replace("\\", "/"), folder))  # tables written on Windows
    if os.pardir in inside.parts:
        raise ValueError(f"'{value}' lies outside the table's folder; move the table above its pictures")
    picture = folder / inside
    if not picture.is_file():
        raise ValueError(f"there is no file '{value}'; paths are relative to the table")
    return picture
