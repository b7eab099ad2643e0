"""What every importer of captions returns, and how pictures, text and split lists are found around a caption file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..collection import TEST, TRAIN, VALIDATION
from ..formats._listing import listing

SHOWN = 3  # names in a sentence about what was left out
PICTURE_FOLDERS = (
    "Images",
    "images",
    "Flicker8k_Dataset",  # spelt so in the official archive
    "Flickr8k_Dataset",
    "flickr30k_images",
    "flickr30k-images",
)
TEXT_FOLDERS = ("Flickr8k_text", "flickr8k_text", "annotations")
LIST = re.compile(r"(?:.*[._-])?(train|dev|val|valid|validation|test)(?:images)?\.txt", re.IGNORECASE)
PART = {"train": TRAIN, "dev": VALIDATION, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION}


@dataclass(frozen=True)
class Captions:
    """Pictures in files, each with at least one sentence.

    paths, names, sentences: of N pictures; a name is unique. splits: N of 'train', 'validation', 'test', or None.
    problems: sentences about what was left out, each naming its file.
    """

    origin: str
    paths: Sequence[Path]
    names: Sequence[str]
    sentences: Sequence[Sequence[str]]
    splits: Sequence[str] | None = None
    problems: Sequence[str] = field(default=())

    def __len__(self) -> int:
        return len(self.paths)


def text_of(file: Path) -> tuple[str, list[str]]:
    """A file's text with \\n at the ends of lines, and a sentence if it is not the UTF-8 it should be.

    UTF-8 and UTF-16 by their marks; what is no UTF-8 is read as Windows-1252. Raises ValueError for a file that
    cannot be read, is empty or holds no text.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}); check that it is there and readable") from None
    problems: list[str] = []
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            text = content.decode("cp1252", "replace")
            problems.append(f"{file} is not UTF-8 (byte {error.start}) and was read as Windows-1252")
    if "\0" in text:
        raise ValueError(f"{file} is no text (it holds zero bytes); give the file that lists the captions")
    if not text.strip():
        raise ValueError(f"{file} is empty; expected a caption a line")
    return text.replace("\r\n", "\n").replace("\r", "\n"), problems


def first_line(file: Path, most: int = 4096) -> str:
    """The first line that is not empty, of the first bytes of a file; '' for what is no text."""
    try:
        with file.open("rb") as opened:
            content = opened.read(most)
    except OSError:
        return ""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "ignore")
    else:
        text = content.decode("utf-8-sig", "replace")
    return next((line for line in text.splitlines() if line.strip()), "")


def files_in(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """The files of a folder, and of the folders of text in it, that end in one of `suffixes`."""
    if not folder.is_dir():
        return []
    folders, files, _ = listing(folder)
    inner = [file for inside in folders if inside.name in TEXT_FOLDERS for file in listing(inside)[1]]
    return [file for file in (*files, *inner) if file.suffix.lower() in suffixes]


def assembled(
    file: Path,
    said: Mapping[str, Sequence[str]],
    folders: Sequence[str] = PICTURE_FOLDERS,
    stated: Mapping[str, str] | None = None,
    problems: Sequence[str] = (),
) -> Captions:
    """Captions of the pictures that are there. said: sentences by the picture's name in the file.

    folders: where pictures may lie, beside the file or one folder up. stated: the part of each picture by name; ''
    or a name that is not there: the picture is in no part and left out. None: nothing is stated.
    Raises ValueError if no picture with a sentence is left.
    """
    places = _places(file, folders)
    problems = [*problems]
    sentences = {name: tuple(_sentence(s) for s in said[name] if _sentence(s)) for name in said}
    empty = sum(not _sentence(s) for of_one in said.values() for s in of_one)
    if empty:
        problems.append(f"{file.name} has {empty} empty caption{'s' * (empty != 1)}, left out")
    if silent := [name for name, own in sentences.items() if not own]:
        problems.append(f"{len(silent)} pictures have no caption and are left out{listed(silent)}")
    if stated and (unlisted := [name for name in sentences if not stated.get(name)]):
        problems.append(f"{len(unlisted)} pictures are in none of the split lists and are left out{listed(unlisted)}")
        sentences = {name: own for name, own in sentences.items() if stated.get(name)}
    paths = {name: path for name, own in sentences.items() if own and (path := _found(places, name))}
    if missing := [name for name, own in sentences.items() if own and name not in paths]:
        if not paths:
            raise ValueError(
                f"{file} names {len(missing)} pictures and none of them is there{listed(missing)}; put them into "
                f"{file.parent / 'Images'} or beside the file"
            )
        problems.append(f"{file.name} names {len(missing)} pictures that are not there, left out{listed(missing)}")
    if not paths:
        raise ValueError(f"{file} holds no caption with a picture; expected lines that name a picture and describe it")
    return Captions(
        str(file),
        list(paths.values()),
        list(paths),
        [sentences[name] for name in paths],
        [stated[name] for name in paths] if stated else None,
        problems,
    )


def official_parts(file: Path) -> dict[str, str]:
    """The part of each picture by name, from lists such as Flickr_8k.trainImages.txt beside a caption file."""
    beside = [
        file.parent,
        *(file.parent / name for name in TEXT_FOLDERS),
        *(file.parent.parent / n for n in TEXT_FOLDERS),
    ]
    for folder in dict.fromkeys(place for place in beside if place.is_dir()):
        lists = {found.group(1).lower(): each for each in listing(folder)[1] if (found := LIST.fullmatch(each.name))}
        if "train" in lists and file not in lists.values():
            return {
                name.strip(): PART.get(part, TEST)
                for part, each in lists.items()
                for name in text_of(each)[0].splitlines()
                if name.strip()
            }
    return {}


def listed(names: Sequence[str]) -> str:
    """': a.jpg, b.jpg, ...' for a sentence."""
    return f": {', '.join(names[:SHOWN])}" + (", ..." if len(names) > SHOWN else "")


def _sentence(text: str) -> str:
    """A caption on one line, without the space around it."""
    return " ".join(text.split())


def _places(file: Path, folders: Sequence[str]) -> list[Path]:
    """The folders around a caption file that pictures may lie in, the likeliest first."""
    roots = file.parent, file.parent.parent
    inside = [root / name for root in roots for name in folders]
    return [place for place in dict.fromkeys((*inside, *roots)) if place.is_dir()]


def _found(places: Sequence[Path], name: str) -> Path | None:
    """Where a picture lies. A name that leads out of its folder is nowhere: a caption file is not to be trusted."""
    plain = PurePosixPath(name)
    if not name or "\0" in name or plain.is_absolute() or Path(name).is_absolute() or ".." in plain.parts:
        return None
    try:
        return next((place / name for place in places if (place / name).is_file()), None)
    except OSError:  # a name longer than the system allows
        return None
