"""A CSV table with a row per picture: the columns path and label, and if wanted split and group.

Paths are relative to the table and stay in its folder. Columns are separated by comma, semicolon, tab or bar; others
than these four are ignored.
"""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from ..collection import TEST, TRAIN, VALIDATION, Collection, Files
from ._labels import indexed
from ._listing import shown

SUFFIXES = {".csv", ".tsv"}
DELIMITERS = ",;\t|"
SPLITS = {"": "", "train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "test": TEST}


def recognises(path: Path) -> bool:
    """Is it a file with a table's suffix?"""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def read(path: Path) -> Collection:
    """The pictures that the table lists, in its order. Nothing is decoded yet.

    Raises ValueError that names the table and the line: for a column or value that is missing, a file that is not
    there, listed twice or outside the table's folder, and an unknown split.
    """
    line_of: dict[Path, int] = {}
    labels: list[str] = []
    splits: list[str] = []
    groups: list[str] = []
    for line, row in _rows(path):
        try:
            picture = _picture(row["path"], path.parent)
            if picture in line_of:
                raise ValueError(f"'{row['path']}' is listed already in line {line_of[picture]}; keep one of the two")
            if not row["label"]:
                raise ValueError(f"'{row['path']}' has no label; fill it in or remove the line")
            split = row.get("split", "").lower()
            if split not in SPLITS:
                raise ValueError(f"unknown split '{row['split']}'; expected train, validation, test or nothing")
        except (ValueError, OSError) as error:  # OSError: a value too long for a path
            raise ValueError(f"{path}, line {line}: {error}") from None
        line_of[picture] = line
        labels.append(row["label"])
        splits.append(SPLITS[split])
        groups.append(row.get("group", "") or shown(picture, path.parent))  # without a group, one of its own
    if not labels:
        raise ValueError(f"{path} lists no pictures; add a line for each below the header")
    indices, classes = indexed(labels)
    pictures = list(line_of)
    has_groups = any(group != shown(picture, path.parent) for group, picture in zip(groups, pictures))
    return Collection(
        str(path),
        Files(pictures),
        [shown(picture, path.parent) for picture in pictures],
        indices,
        classes,
        splits=splits if any(splits) else None,
        groups=groups if has_groups else None,
    )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, column -> value without surrounding blanks), blank lines left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max(DELIMITERS, key=header.count)
            columns = [name.strip().strip('"').strip().lower() for name in header.split(delimiter)]
            if "path" not in columns or "label" not in columns:
                raise ValueError(
                    f"{path}, line 1: the header is '{header.strip()[:80]}'; expected the columns path and label, and "
                    "if wanted split and group"
                )
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
