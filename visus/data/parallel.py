"""Sentences in two languages, as people keep them: two files with a sentence a line, a folder of such, or one table."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .collection import TEST, TRAIN, VALIDATION
from .named_text import place
from .text import read_text

NAMED = "multi30k"
TABLES = {".tsv": "\t", ".csv": ",", ".tab": "\t"}
PARTS = {TRAIN: ("train",), VALIDATION: ("val", "valid", "dev"), TEST: ("test",)}
HEADINGS = frozenset(["source", "target", "src", "tgt", "src_text", "tgt_text", "sentence", "translation"])
LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Parallel:
    """Lines as they were read. languages: names of source and target. parts: 'train' and so on of each line, or ''
    where nothing is stated. place: where a line stands, for messages: its file and the number of its first line."""

    origin: str
    languages: tuple[str, str]
    source: Sequence[str]
    target: Sequence[str]
    parts: Sequence[str]
    note: str = ""

    def __len__(self) -> int:
        return len(self.source)


def read_parallel(where: str | Path, languages: str = "") -> Parallel:
    """multi30k, a folder with train.en, train.de, val.en, ... (.gz too), two files 'a.en,a.de', or a .tsv or .csv with
    the source in its first column and the target in the second.

    languages: 'en-de' translates from English; needed where a folder holds more than two. Raises ValueError for sides
    of unequal length, FileNotFoundError and LookupError for what is not there.
    """
    asked = _asked(languages)
    if str(where) == NAMED:
        return _folder(place(NAMED), asked or ("en", "de"), NAMED)
    files = [Path(part.strip()).expanduser() for part in str(where).split(",")]
    if len(files) == 2 and not Path(where).exists():
        return _two_files(files, asked)
    path = Path(where).expanduser()
    if path.is_dir():
        return _folder(path, asked or _of_folder(path), path.name)
    if not path.exists():
        raise FileNotFoundError(
            f"there is no '{where}'; give {NAMED}, a folder with train.en and train.de, two files as 'a.en,a.de', "
            "or a .tsv or .csv with two columns"
        )
    if _plain(path).suffix in TABLES:
        return _table(path, asked)
    raise ValueError(
        f"{path.name} is one file and no table; give both sides as '{path.name},OTHER', or a .tsv of two columns"
    )


def recognises(path: str | Path) -> bool:
    """Whether this looks like sentences in two languages: the named set, or a folder with train.XX and train.YY."""
    path = Path(path)
    return str(path) == NAMED or (path.is_dir() and len(_by_part(path)[TRAIN]) >= 2)


def _asked(languages: str) -> tuple[str, str] | None:
    if not languages:
        return None
    first, dash, second = languages.partition("-")
    if not (dash and first and second) or first == second:
        raise ValueError(f"languages are written as source-target, for example en-de; got '{languages}'")
    return first, second


def _plain(path: Path) -> Path:
    return path.with_suffix("") if path.suffix == ".gz" else path


def _lines(path: Path) -> list[str]:
    # Split at \n alone: a sentence may hold other marks that Python counts as line ends.
    return read_text(path).removesuffix("\n").split("\n")


def _two_files(files: Sequence[Path], asked: tuple[str, str] | None) -> Parallel:
    names = tuple(_plain(path).suffix.removeprefix(".") or _plain(path).stem for path in files)
    source, target = _aligned(*files)
    return Parallel(
        " and ".join(path.name for path in files), asked or (names[0], names[1]), source, target, [""] * len(source)
    )


def _aligned(source: Path, target: Path) -> tuple[list[str], list[str]]:
    """The lines of both files. Raises ValueError if one has more."""
    left, right = _lines(source), _lines(target)
    if len(left) != len(right):
        raise ValueError(
            f"{source.name} has {len(left):,} lines and {target.name} {len(right):,}; line n of one must be the "
            "translation of line n of the other, so find the line that is missing"
        )
    return left, right


def _by_part(folder: Path) -> dict[str, dict[str, list[Path]]]:
    """For each part, the files of each language, by name."""
    found: dict[str, dict[str, list[Path]]] = {part: {} for part in PARTS}
    for file in sorted(folder.iterdir()):
        plain = _plain(file)
        language = plain.suffix.removeprefix(".")
        if not file.is_file() or not LANGUAGE.fullmatch(language) or plain.suffix in TABLES:
            continue
        for part, beginnings in PARTS.items():
            if plain.stem.lower().startswith(beginnings):
                found[part].setdefault(language, []).append(file)
    return found


def _of_folder(folder: Path) -> tuple[str, str]:
    """The two languages of a folder; the first is the one that its name names first, else that of the alphabet."""
    known = sorted(_by_part(folder)[TRAIN])
    if len(known) < 2:
        raise ValueError(f"{folder} holds no two files train.XX and train.YY; name them after part and language")
    said = [word for word in re.findall(r"[a-z]+", folder.name.lower()) if word in known]
    if len(said) == 2 and said[0] != said[1]:
        return said[0], said[1]
    if len(known) > 2:
        raise ValueError(f"{folder} holds {', '.join(known)}; say which to translate, for example languages=en-de")
    return known[0], known[1]


def _folder(folder: Path, languages: tuple[str, str], origin: str) -> Parallel:
    source, target, parts = list[str](), list[str](), list[str]()
    note = ""
    for part, files in _by_part(folder).items():
        if absent := [language for language in languages if language not in files]:
            if part == TRAIN:
                known = ", ".join(sorted(files)) or "none"
                raise ValueError(f"{folder} has no training file of {absent[0]}; its training files are of: {known}")
            continue
        left, right = files[languages[0]], files[languages[1]]
        pairs = [(a, b) for a in left for b in right if _plain(a).stem == _plain(b).stem]
        if not pairs:
            raise ValueError(f"{left[0].name} and {right[0].name} of {folder} do not belong together; name them alike")
        for number, (a, b) in enumerate(pairs):
            if part == TEST and number:
                note = f"of {len(pairs)} test parts {_plain(pairs[0][0]).stem} is used"
                break
            these, those = _aligned(a, b)
            source, target, parts = source + these, target + those, parts + [part] * len(these)
    return Parallel(origin, languages, source, target, parts, note)


def _table(path: Path, asked: tuple[str, str] | None) -> Parallel:
    between = TABLES[_plain(path).suffix]
    # A tab-separated file of sentences uses quotation marks as quotation marks.
    if between == "\t":
        rows = list(csv.reader(io.StringIO(read_text(path)), delimiter=between, quoting=csv.QUOTE_NONE))
    else:
        rows = list(csv.reader(io.StringIO(read_text(path)), delimiter=between))
    rows = [row for row in rows if row]
    for number, row in enumerate(rows, 1):
        if len(row) < 2:
            raise ValueError(f"row {number} of {path.name} has one column; each needs a sentence and its translation")
    named = ("source", "target")
    first = (rows[0][0].strip().lower(), rows[0][1].strip().lower())
    if all(word in HEADINGS or re.fullmatch(r"[a-z]{2,3}", word) for word in first) and len(rows) > 1:
        named, rows = first, rows[1:]
    source, target = [row[0] for row in rows], [row[1] for row in rows]
    return Parallel(path.name, asked or named, source, target, [""] * len(rows))
