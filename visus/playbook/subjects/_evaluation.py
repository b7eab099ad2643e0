"""A finished model of sequences, measured on other data: what is told of it, and how it is counted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...doctor.finding import NOTE, PASS, WARNING
from ...runs import ledger
from ...runs.reader import SPLIT
from ...runs.recorder import Journal


@dataclass(frozen=True)
class Evaluation:
    """score: the figure of `measure`, with its 95 % interval; said: in words, with what was looked at. use: how often
    these data were used as a test. seen: share of them that were in the run's training or validation part."""

    measure: str
    score: float
    low: float
    high: float
    n: int
    said: str
    use: int
    seen: float
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def severity(self) -> str:
        return WARNING if self.seen else NOTE if self.use > 1 else PASS

    @property
    def line(self) -> str:
        told = f"{self.said}, {ledger.ordinal(self.use)}"
        if not self.seen:
            return told
        return f"{told}; {100 * self.seen:.0f} % of it was in the run's own training or validation part"


@dataclass(frozen=True)
class Figures:
    """What was measured on `n` things: see `Evaluation`. more_is_better: whether a high score is a good one."""

    measure: str
    score: float
    low: float
    high: float
    n: int
    said: str
    more_is_better: bool = True


def counted(
    folder: Path, source: str, found: Figures, split_hash: str, keys: Sequence[str], table: Sequence[Sequence[str]]
) -> Evaluation:
    """Count this use of the data in the ledger and write it into the run's record. table: headings, then rows."""
    merit = found.score if found.more_is_better else -found.score
    use = ledger.record(folder.parent, split_hash, folder.name, found.n, merit)
    ends = {"low": found.low, "high": found.high, "n": found.n, "use": use, "split_hash": split_hash}
    journal = Journal(folder)
    journal.note("evaluation", source=source, measure=found.measure, score=found.score, **ends)
    journal.close()
    figures = (found.measure, found.score, found.low, found.high, found.n, found.said)
    return Evaluation(*figures, use, seen_before(folder, keys), table[0], table[1:])


def seen_before(folder: Path, keys: Sequence[str]) -> float:
    """The share of data, by their content, that the run learned from or chose settings by."""
    path = folder / SPLIT
    if not path.is_file() or not keys:
        return 0.0
    parts = json.loads(path.read_text(encoding="utf-8"))
    known = {*parts["train"], *parts["validation"]}
    return sum(key in known for key in keys) / len(keys)


def one_view(views: str, what: str) -> None:
    """Raise ValueError for views of pictures that this model does not take."""
    if views != "one":
        raise ValueError(f"views={views} are for models that tell classes, and this is {what}; leave --views out")
