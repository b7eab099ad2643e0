"""The pictures that a file of marks speaks of: where they lie, and their size as a viewer shows them."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from ..collection import TEST, TRAIN, VALIDATION
from ..decode import SUFFIXES, UnreadablePictureError, read_size
from ..formats._listing import listing

HEADER = 2**17  # bytes in which nearly every picture says its size
PART_WORDS = {
    **dict.fromkeys(("train", "training", "trainval"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
SHORT = {TRAIN: "train", VALIDATION: "val", TEST: "test", "": ""}  # as folders and lists of each part are called


def part_of(word: str) -> str:
    """The part that a folder or a list is for by its name, a year behind it included: train2017; '' for none."""
    return PART_WORDS.get(word.lower().rstrip("0123456789").rstrip("_-"), "")


def size_of(path: Path) -> tuple[int, int]:
    """Height and width in pixels, from the first bytes where they tell. Raises UnreadablePictureError."""
    try:
        with path.open("rb") as opened:
            beginning = opened.read(HEADER)
        if len(beginning) == HEADER:
            return read_size(beginning, str(path))
    except (OSError, UnreadablePictureError):  # a long preview before the size, or really bad: the whole file tells
        pass
    return read_size(path)


def found(places: Sequence[Path], name: str) -> Path | None:
    """Where a picture lies. A name that leads out of its folder is looked for by its last part alone."""
    plain = PurePosixPath(name.replace("\\", "/"))
    if not plain.name or "\0" in name:
        return None
    leads_out = plain.is_absolute() or ".." in plain.parts or plain.parts[0].endswith(":")
    for relative in ([] if leads_out else [str(plain)]) + [plain.name]:
        try:
            if there := next((place / relative for place in places if (place / relative).is_file()), None):
                return there
        except OSError:  # a name longer than the system allows
            return None
    return None


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie in a folder itself, by their suffix, sorted by name."""
    return [file for file in listing(folder)[1] if file.suffix.lower() in SUFFIXES]


def folders(roots: Iterable[Path], inner: Iterable[str]) -> list[Path]:
    """Those of `inner` that are there, in each of `roots`; '' is the root itself."""
    inner = list(inner)
    return [place for place in dict.fromkeys(root / name for root in roots for name in inner) if place.is_dir()]
