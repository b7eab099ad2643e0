"""Is one run's model better than another's? Their answers to the same test pictures, compared picture by picture."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..metrics.paired import Difference, McNemar, holm, mcnemar, paired_bootstrap
from ..runs import ledger
from ..runs.reader import SPLIT, Run
from ._session import FIT
from .subjects._subject import PICTURES

SURE = 0.05  # p below this, and an interval that leaves out zero, is called better

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class OfClass:
    """One class: its n test pictures, the share each run named rightly, and p corrected for asking of every class."""

    name: str
    n: int
    first: float
    second: float
    p: float


@dataclass(frozen=True)
class Comparison:
    """first, second: names of the runs. accuracy: of both. difference: second - first. uses: of these test pictures."""

    first: str
    second: str
    accuracy: tuple[float, float]
    difference: Difference
    test: McNemar
    classes: Sequence[OfClass]
    uses: int

    @property
    def sure(self) -> bool:
        """Whether chance alone is an unlikely reason for the difference."""
        return self.test.p < SURE and not self.difference.low <= 0 <= self.difference.high

    @property
    def sentence(self) -> str:
        found, n = self.difference, self.difference.n
        p = f"p = {self.test.p:.2g}" if self.test.p >= 0.001 else "p < 0.001"
        if not self.sure:
            return (
                f"{self.first} and {self.second} cannot be told apart: {100 * found.mean:+.1f} points for the second, "
                f"{100 * found.low:+.1f} to {100 * found.high:+.1f}, {p}, on {n:,} pictures."
            )
        better, worse = (self.second, self.first) if found.mean > 0 else (self.first, self.second)
        near, far = sorted((abs(found.low), abs(found.high)))
        return (
            f"{better} is better than {worse}: {100 * abs(found.mean):.1f} points, {100 * near:.1f} to {100 * far:.1f} "
            f"(95 % CI), {p}, on {n:,} pictures."
        )

    @property
    def notes(self) -> list[str]:
        """What must be known to read the sentence rightly."""
        only_first, only_second = self.test.only_first, self.test.only_second
        differ = f"They differ on {only_first + only_second:,} pictures: {only_first:,} only {self.first} got right, "
        said = [differ + f"{only_second:,} only {self.second}; the others say nothing about which is better."]
        if self.uses > 2:
            said.append(
                f"These test pictures were used {self.uses} times in this folder of runs: who picks the best of many "
                "runs by its test score will find it lower on new pictures."
            )
        return said


@dataclass(frozen=True)
class _Answers:
    """What a run answered in its test: content hash, true and predicted class of each picture."""

    run: str
    contents: Sequence[str]
    truth: Sequence[str]
    right: Bools
    split_hash: str


def compare(first: Path, second: Path) -> Comparison:
    """Compare the recorded test answers of two runs; no picture is looked at again, so nothing is counted.

    Raises FileNotFoundError or ValueError for a run that was not tested, and ValueError for runs that were tested on
    different pictures.
    """
    if first.resolve() == second.resolve():
        raise ValueError(f"{first} was given twice; name two runs")
    a, b = _answers(first), _answers(second)
    rows_a, rows_b = _paired(a, b)
    right_a, right_b = a.right[rows_a], b.right[rows_b]
    truth = np.array([a.truth[row] for row in rows_a])
    used = max(len(ledger.uses(folder.parent, run.split_hash)) for folder, run in ((first, a), (second, b)))
    return Comparison(
        a.run,
        b.run,
        (float(right_a.mean()), float(right_b.mean())),
        paired_bootstrap(right_a, right_b),
        mcnemar(right_a, right_b),
        _by_class(truth, right_a, right_b),
        used,
    )


def _answers(folder: Path) -> _Answers:
    run = Run(folder)
    about = run.info.get("subject", PICTURES)
    if about != PICTURES:
        raise ValueError(
            f"{folder} is about {about}, and compare holds the classes that two runs named against each other; "
            "`visus runs` shows the test figures of both, each with its interval in the run's report"
        )
    tensors, facts = run.evidence()
    if "test.probabilities" not in tensors or not (folder / SPLIT).is_file():
        tests = run.info.get("recipe") == FIT  # `visus train` ends without a test
        remedy = f"`visus resume {folder}` goes on to it" if tests else "only runs of `visus fit` end with a test"
        raise ValueError(f"{folder} was not tested; {remedy}")
    contents = json.loads((folder / SPLIT).read_text(encoding="utf-8"))["test"]
    labels = tensors["test.labels"].numpy()
    if len(contents) != len(labels):
        raise ValueError(f"{folder} is damaged: its split names {len(contents)} test pictures, its test {len(labels)}")
    answers = tensors["test.probabilities"]
    right: Bools = (answers.argmax(1).numpy() == labels) & ~answers.isnan().any(1).numpy()
    classes = facts["classes"]
    return _Answers(folder.name, contents, [classes[i] for i in labels], right, str(run.info.get("split_hash", "")))


def _paired(a: _Answers, b: _Answers) -> tuple[Ints, Ints]:
    """Rows of a and of b that show the same picture, in the order of a."""
    places: dict[str, list[int]] = defaultdict(list)
    for row, content in enumerate(b.contents):
        places[content].append(row)
    for known in places.values():
        known.reverse()  # copies of one picture are paired in their order
    common = [(row, places[content].pop()) for row, content in enumerate(a.contents) if places[content]]
    if len(common) != len(a.contents) or len(common) != len(b.contents):
        raise ValueError(
            f"{a.run} and {b.run} were tested on different pictures ({len(a.contents):,} and {len(b.contents):,}, "
            f"{len(common):,} of them the same); fit both on the same data with the same seed"
        )
    for row, other in common:
        if a.truth[row] != b.truth[other]:
            raise ValueError(
                f"{a.run} has a picture as '{a.truth[row]}' that {b.run} has as '{b.truth[other]}': the labels were "
                "changed between the runs; fit both on the same labels"
            )
    rows, others = np.array(common, dtype=np.int64).T
    return rows, others


def _by_class(truth: NDArray[np.str_], first: Bools, second: Bools) -> list[OfClass]:
    """The classes, the largest difference first."""
    names = sorted(set(truth.tolist()))
    members = [truth == name for name in names]
    p = holm([mcnemar(first[rows], second[rows]).p for rows in members])
    found = [
        OfClass(name, int(rows.sum()), float(first[rows].mean()), float(second[rows].mean()), float(chance))
        for name, rows, chance in zip(names, members, p, strict=True)
    ]
    return sorted(found, key=lambda c: -abs(c.second - c.first))
