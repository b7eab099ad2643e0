"""Count every use of a test split: a test set looked at twice is no longer a test."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from .checkpoint import SaveError

LEDGER = "ledger.jsonl"


@dataclass(frozen=True)
class Use:
    """One evaluation on a test split. score: accuracy as a fraction; n: pictures."""

    split_hash: str
    run: str
    n: int
    score: float
    time: float


def uses(root: Path, split_hash: str) -> list[Use]:
    """All uses of a split recorded in the runs folder `root`, oldest first."""
    path = root / LEDGER
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [use for use in map(_parse, lines) if use and use.split_hash == split_hash]


def record(root: Path, split_hash: str, run: str, n: int, score: float) -> int:
    """Add one use; returns its number, 1 for the first. Raises SaveError if it cannot be written."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / LEDGER
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(Use(split_hash, run, n, score, time.time()))) + "\n")
    except OSError as error:
        raise SaveError(f"could not write {path}: {error.strerror}; the test result is not shown uncounted") from error
    return len(uses(root, split_hash))


def ordinal(number: int) -> str:
    """`first use of this test split`, or `use 3 of this test split: ...`."""
    if number == 1:
        return "first use of this test split"
    return f"use {number} of this test split: the figure is no longer an unbiased one"


def _parse(line: str) -> Use | None:
    try:
        return Use(**json.loads(line))
    except (json.JSONDecodeError, TypeError):
        return None  # a line torn by a kill
