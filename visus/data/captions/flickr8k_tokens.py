"""A token file as of Flickr8k and Flickr30k: `picture.jpg#0<tab>a caption .` a line, or the folder it lies in.

Lists beside it such as Flickr_8k.trainImages.txt state the parts. Source: Hodosh et al., 2013, the data's readme.
"""

import re
from pathlib import Path

from ._captions import Captions, assembled, files_in, first_line, listed, official_parts, text_of

SUFFIXES = (".txt", ".token")
LINE = re.compile(r"(?P<picture>.+?)#(?P<number>\d+)\t(?P<caption>.*)")


def recognises(path: Path) -> bool:
    """Is it a token file, or a folder with one in it or in its Flickr8k_text?"""
    return path.is_file() and _is_token_file(path) if not path.is_dir() else bool(_token_files(path))


def read(path: Path) -> Captions:
    """The pictures that the file describes, in its order. Raises ValueError that names the file."""
    file = _token_files(path)[0] if path.is_dir() else path
    text, problems = text_of(file)
    said: dict[str, list[str]] = {}
    odd = []
    for number, line in enumerate(text.splitlines(), 1):
        if found := LINE.fullmatch(line):
            said.setdefault(found["picture"].strip(), []).append(found["caption"])
        elif line.strip():
            odd.append(f"line {number}")
    if odd:
        problems.append(f"{file.name} has {len(odd)} lines that are not picture#number<tab>caption{listed(odd)}")
    return assembled(file, said, stated=official_parts(file) or None, problems=problems)


def _is_token_file(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and LINE.fullmatch(first_line(path)) is not None


def _token_files(folder: Path) -> list[Path]:
    """Those of a folder; that of the captions as written before that of the lemmas, which has the same form."""
    found = [file for file in files_in(folder, SUFFIXES) if _is_token_file(file)]
    return sorted(found, key=lambda file: ("lemma" in file.name.lower(), file))
