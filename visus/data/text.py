"""Text to learn from: read with care, as numbers of its symbols, divided into stretches that follow each other."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .collection import TEST, TRAIN, VALIDATION
from .named_text import NAMES, place
from .split import PARTS, Split
from .vocabulary import Vocabulary, described

SHARES = (0.9, 0.1, 0.0)  # of training, validation and test part, in the order of the text
FEWEST = 2  # characters in a part: one to see and one to tell
BLOCK = 1_000  # characters that share one content hash
BOM, UTF16 = "\ufeff", (b"\xff\xfe", b"\xfe\xff")
GZIP, NUL = b"\x1f\x8b", b"\x00"


@dataclass(frozen=True)
class Text:
    """A text as indices of its symbols, in three parts that follow each other: train, validation, test.

    ids: int32 (N,). parts: the first index of each part and the one behind its last. split: the same told by content:
    a row is a block of 1,000 characters. The vocabulary is of the whole text: a symbol that stands in the validation
    part alone would otherwise have no chance at all.
    """

    origin: str
    vocabulary: Vocabulary
    ids: Tensor = field(repr=False)
    parts: Mapping[str, tuple[int, int]]
    split: Split = field(repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Text":
        return self  # examinations copy tasks; the text, never changed, is shared

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, name: str) -> Tensor:
        """The indices of one part, int64 (N,), in order; empty if there is no such part."""
        begin, end = self.parts[name]
        return self.ids[begin:end].long()

    def written(self, name: str) -> str:
        """One part as it reads."""
        return "".join(self.vocabulary.decode(self.part(name).tolist()))

    def without_test(self) -> "Text":
        """The same without its test part: what chooses settings is handed this."""
        return self._kept({**self.parts, TEST: (0, 0)}, "without its test part")

    def limited(self, train: int | None = None, validation: int | None = None) -> "Text":
        """The same with at most so many characters to train and to validate: the last and the first of these parts,
        so that one still follows the other."""
        begin, end = self.parts[TRAIN]
        learned = (begin if train is None else max(begin, end - train), end)
        begin, end = self.parts[VALIDATION]
        scored = (begin, end if validation is None else min(end, begin + validation))
        return self._kept({**self.parts, TRAIN: learned, VALIDATION: scored}, "limited")

    def _kept(self, parts: Mapping[str, tuple[int, int]], how: str) -> "Text":
        """Only these parts: what is in none of them is in the object no more."""
        pieces = [self.ids[slice(*parts[name])] for name in PARTS]
        return _divided(
            self.origin, self.vocabulary, torch.cat(pieces), [len(p) for p in pieces], f"{self.split.how}; {how}"
        )


def prepare_text(source: str | Path, shares: Sequence[float] = SHARES) -> Text:
    """A named set, a file or a folder of .txt files, divided in its own order.

    shares: of the training, validation and test part. Raises ValueError for a text that is too short to divide, or of
    one symbol only; and what `read_text` raises.
    """
    named = str(source) in NAMES
    text = read_text(place(str(source)) if named else source)
    return divide_text(text, str(source) if named else Path(source).name, shares)


def divide_text(text: str, origin: str, shares: Sequence[float] = SHARES) -> Text:
    """A text that is in memory, divided in its own order. Raises ValueError as `prepare_text` does."""
    _check_shares(shares)
    borders = [round(len(text) * sum(shares[: number + 1])) for number in range(len(shares))]
    sizes = [int(size) for size in np.diff([0, *borders])]
    for name, size, share in zip(PARTS, sizes, shares, strict=True):
        if share and size < FEWEST:
            raise ValueError(
                f"{origin} has {_characters(len(text))}, of which {_characters(size)} for {name}; "
                "give a longer text, of thousands of characters if anything is to be learned"
            )
    vocabulary = Vocabulary.of_symbols(text)
    if len(vocabulary) == 1:
        raise ValueError(f"{origin} holds one symbol only, {described(text[0])}; there is nothing to tell apart")
    shown = [f"{100 * share:g} % {name}" for name, share in zip(PARTS, shares, strict=True) if share]
    how = f"in the order of the text: {', '.join(shown)}"
    return _divided(origin, vocabulary, encoded(text, vocabulary), sizes, how)


def encoded(text: str, vocabulary: Vocabulary) -> Tensor:
    """int32 (N,) indices of a vocabulary of symbols, faster than one by one. Raises ValueError for unknown symbols."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    known = np.array([ord(symbol) for symbol in vocabulary.tokens], dtype=np.uint32)
    order = np.argsort(known)
    places = np.searchsorted(known[order], points).clip(max=len(known) - 1)
    found = order[places]
    if (known[found] != points).any():
        vocabulary.encode(text)  # says which are not known
    return torch.from_numpy(found.astype(np.int32))


def read_text(path: str | Path) -> str:
    """The text of a file in UTF-8, plain or gzipped, or of the .txt files of a folder, by name, one under the other.

    A byte order mark is left out, and a line ends with \\n alone. Raises FileNotFoundError or LookupError if nothing is
    there, ValueError for what is empty or no text in UTF-8.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        files = sorted(file for file in path.rglob("*.txt") if not file.name.startswith("."))
        if not files:
            raise ValueError(f"{path} is a folder without .txt files; give one text file, or a folder that holds some")
        return "\n".join(map(read_text, files))
    if not path.exists():
        raise _not_there(str(path))
    data = _bytes(path)
    text = _decoded(path, data).removeprefix(BOM).replace("\r\n", "\n")
    if not text.strip():
        raise ValueError(f"{path} is {'empty' if not text else 'nothing but white space'}; give a file with text in it")
    return text


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    if not data.startswith(GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is a broken gzip file ({error}); restore it from a copy") from error


def _decoded(path: Path, data: bytes) -> str:
    if data.startswith(UTF16):
        raise ValueError(
            f"{path} is UTF-16, expected UTF-8; convert it with `iconv -f UTF-16 -t UTF-8 {path.name} > converted.txt`"
        )
    if (where := data.find(NUL)) >= 0:
        raise ValueError(f"{path} has a NUL at byte {where:,}, so it is no plain text; give a text file in UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path} is not UTF-8: byte {error.start:,}, in line {line:,}, is 0x{data[error.start]:02x}; if it is "
            f"Western European, convert it with `iconv -f WINDOWS-1252 -t UTF-8 {path.name} > converted.txt`"
        ) from None


def _divided(origin: str, vocabulary: Vocabulary, ids: Tensor, sizes: Sequence[int], how: str) -> Text:
    borders = np.cumsum([0, *sizes]).tolist()
    parts = {name: (borders[i], borders[i + 1]) for i, name in enumerate(PARTS)}
    keys, rows = list[str](), list[np.ndarray[Any, np.dtype[np.int64]]]()
    for begin, end in parts.values():
        found = [_key(ids[first : min(end, first + BLOCK)], vocabulary) for first in range(begin, end, BLOCK)]
        rows.append(np.arange(len(keys), len(keys) + len(found)))
        keys += found
    return Text(origin, vocabulary, ids.clone(), parts, Split(rows[0], rows[1], rows[2], how, keys))


def _key(ids: Tensor, vocabulary: Vocabulary) -> str:
    text = "".join(vocabulary.tokens[number] for number in ids.tolist())
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _check_shares(shares: Sequence[float]) -> None:
    if len(shares) != len(PARTS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or not all(shares[:2]):
        raise ValueError(
            "shares are of training, validation and test part, sum to 1, and only the last may be 0, as in "
            f"0.8, 0.1, 0.1; got {', '.join(f'{share:g}' for share in shares)}"
        )


def _characters(n: int) -> str:
    return f"{n:,} character{'s' * (n != 1)}"


def _not_there(source: str) -> Exception:
    if Path(source).name != source:
        return FileNotFoundError(f"there is no '{source}'; check the path")
    return LookupError(f"no text is called '{source}'. Named texts: {', '.join(NAMES)}; or give the path of a file.")
