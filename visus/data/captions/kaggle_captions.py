"""A table of captions as on Kaggle: the header `image,caption`, then a caption a line; commas in it quoted or not.

The columns are separated by comma, semicolon, tab or bar, and the caption is the last of them, as in Flickr30k's
`image_name| comment_number| comment`.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ._captions import Captions, assembled, files_in, first_line, listed, official_parts, text_of

SUFFIXES = (".txt", ".csv", ".tsv")
PICTURE = ("image", "image_name", "filename", "file_name", "file", "picture", "path")
CAPTION = ("caption", "comment", "sentence", "description", "text")
BEGINS = re.compile(r"[^,;|\t]+\.\w{3,4}\s*[,;|\t]")  # a line that names a picture, so the last caption is over


@dataclass(frozen=True)
class _Columns:
    separator: str
    picture: int
    n: int


def recognises(path: Path) -> bool:
    """Is it a table whose header names a picture and, last, a caption, or a folder with one in it?"""
    return path.is_file() and _columns(path) is not None if not path.is_dir() else bool(_tables(path))


def read(path: Path) -> Captions:
    """The pictures that the table describes, in its order. Raises ValueError that names the file."""
    file = _tables(path)[0] if path.is_dir() else path
    columns = _columns(file)
    assert columns is not None, "read is called for what was recognised"
    text, problems = text_of(file)
    said: dict[str, list[str]] = {}
    odd = []
    for number, line in _entries(text):
        parts = line.split(columns.separator, columns.n - 1)
        if len(parts) < columns.n or not parts[columns.picture].strip():
            odd.append(f"line {number}")
            continue
        said.setdefault(parts[columns.picture].strip().strip('"'), []).append(_unquoted(parts[-1]))
    if odd:
        problems.append(f"{file.name} has {len(odd)} lines without a picture and a caption{listed(odd)}")
    return assembled(file, said, stated=official_parts(file) or None, problems=problems)


def _columns(file: Path) -> _Columns | None:
    """What the header says, or None if it is none of captions."""
    if file.suffix.lower() not in SUFFIXES:
        return None
    header = first_line(file)
    for separator in ",;|\t":
        names = [name.strip().strip('"').lower() for name in header.split(separator)]
        pictures = [place for place, name in enumerate(names[:-1]) if name in PICTURE]
        if names[-1] in CAPTION and pictures:
            return _Columns(separator, pictures[0], len(names))
    return None


def _tables(folder: Path) -> list[Path]:
    return [file for file in files_in(folder, SUFFIXES) if _columns(file)]


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Entries below the header with the number of their first line; a quoted caption may go over several lines."""
    held, began = "", 0
    lines = text.splitlines()
    header = next(place for place, line in enumerate(lines) if line.strip())
    for number, line in enumerate(lines[header + 1 :], header + 2):
        if held and BEGINS.match(line):  # a quote that was never closed ends here
            yield began, held
            held = ""
        held, began = (f"{held} {line}", began) if held else (line, number)
        if held.count('"') % 2 == 0:
            if held.strip():
                yield began, held
            held = ""
    if held.strip():
        yield began, held


def _unquoted(caption: str) -> str:
    caption = caption.strip()
    if len(caption) > 1 and caption[0] == caption[-1] == '"':
        return next(csv.reader([caption]))[0] if '""' in caption else caption[1:-1]
    return caption
