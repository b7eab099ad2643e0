"""What a model stands: its accuracy on pictures changed as the world changes them, change by change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data import corruptions
from ..data.corruptions._draws import chances
from ..engine import catalogue
from ..metrics.intervals import wilson
from ..report import page as report
from ..report.exhibit import Exhibit, Plate, Table, write
from ..runs import robustness
from ..runs.reader import REPORT
from ..ship import model as ship
from ._held_out import held_out
from ._session import Show

SEVERITIES = (1, 2, 3, 4, 5)
MOST = 1_000  # pictures: each is changed and scored 45 times
BATCH = 256
SHOWN_SEVERITY = 3
PLATE_PX = 128
FRAGILE = 0.5  # a change that costs more than this share of the accuracy above chance is named
PAGE = "stress"


@dataclass(frozen=True)
class Stress:
    """accuracy: of each corruption, a share for each severity. clean: of the same n pictures unchanged."""

    clean: float
    n: int
    accuracy: Mapping[str, Sequence[float]]
    part: str
    page: Path

    @property
    def ranked(self) -> list[str]:
        """The corruptions, the one that hurts most first."""
        return sorted(self.accuracy, key=lambda name: float(np.mean(self.accuracy[name])))


def stress(folder: Path, source: str, show: Show) -> Stress:
    """Change the validation pictures of a run (or those of `source`) in every way and score the run's model.

    Nothing is counted in the test ledger: a run's own test pictures are not used. Raises ValueError for classes that
    the model does not know, FileNotFoundError without a model.
    """
    trained = ship.load(folder)
    images, labels, part = held_out(folder, trained, source, show, MOST)
    names = catalogue.names(corruptions)
    draws = chances(0, range(len(images)))
    clean = _accuracy(trained, images, labels)
    found: dict[str, list[float]] = {}
    for i, name in enumerate(names):
        corrupt = catalogue.find(corruptions, name).corrupt
        for severity in SEVERITIES:
            show.progress("stress", i * len(SEVERITIES) + severity - 1, len(names) * len(SEVERITIES), name)
            found.setdefault(name, []).append(_accuracy(trained, corrupt(images, severity, draws), labels))
    result = Stress(clean, len(images), found, part, folder / f"{PAGE}.html")
    _write(folder, trained, result, images[:1])
    robustness.add(folder, robustness.CORRUPTIONS, _data(result) | {"part": part, "severities": SEVERITIES})
    if (folder / REPORT).is_file():
        report.write(folder)
    return result


def _accuracy(trained: ship.TrainedModel, images: Tensor, labels: Tensor) -> float:
    right = [(trained.score(x).argmax(1) == y) for x, y in zip(images.split(BATCH), labels.split(BATCH), strict=True)]
    return float(torch.cat(right).double().mean())


def findings(result: Stress, n_classes: int) -> list[str]:
    """Sentences: how good it is unchanged, what hurts most, what it hardly notices."""
    low, high = wilson(round(result.clean * result.n), result.n)
    interval = f"95 % CI {100 * low:.1f} to {100 * high:.1f}"
    said = [f"Unchanged: {100 * result.clean:.1f} % of {result.n:,} {result.part} ({interval})."]
    above = result.clean - 1 / n_classes
    for name in result.ranked:
        mean = float(np.mean(result.accuracy[name]))
        if above > 0 and result.clean - mean > FRAGILE * above:
            said.append(f"{name.capitalize()} takes more than half of what was learned: {100 * mean:.1f} % on average.")
    best = result.ranked[-1]
    said.append(f"It stands {best} best: {100 * float(np.mean(result.accuracy[best])):.1f} % on average.")
    return said


def _write(folder: Path, trained: ship.TrainedModel, result: Stress, example: Tensor) -> None:
    names, draws = catalogue.names(corruptions), chances(0, range(len(example)))
    changed = [example, *(catalogue.find(corruptions, n).corrupt(example, SHOWN_SEVERITY, draws) for n in names)]
    enlarged = torch.cat(changed).repeat_interleave(max(1, PLATE_PX // example.shape[2]), 2)
    enlarged = enlarged.repeat_interleave(max(1, PLATE_PX // example.shape[3]), 3)
    rows = [[name, *(f"{100 * share:.1f}" for share in result.accuracy[name])] for name in result.ranked]
    exhibit = Exhibit(
        f"What {folder.name} stands",
        findings(result, len(trained.classes)),
        tables=[
            Table(
                "Accuracy in per cent, by change and severity",
                ["change", *map(str, SEVERITIES)],
                rows,
                f"Severity 1 is hardly seen, 5 is hard for people too. Unchanged: {100 * result.clean:.1f} %.",
            )
        ],
        plates=[
            Plate(
                f"One picture, changed at severity {SHOWN_SEVERITY}",
                enlarged.permute(0, 2, 3, 1).contiguous().numpy(),
                "You should still name each of them; where the model fails, train with that change (`visus recipes "
                "classify` lists flip, crop, scale, colour, cutout) or bring such pictures.",
                ["unchanged", *names],
            )
        ],
        data=_data(result),
    )
    write(PAGE, "How far can pictures change before the model fails?", {}, exhibit, folder, "stress test")


def _data(result: Stress) -> dict[str, Any]:
    return {"clean": result.clean, "n": result.n, "accuracy": dict(result.accuracy)}
